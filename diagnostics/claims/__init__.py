"""What is said of regularizers, one claim a file: a hypothesis about the rows of a study."""
