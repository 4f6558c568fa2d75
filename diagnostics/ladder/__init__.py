"""The ceiling ladder: what each stage of a DataLoader allows, and which of them bounds the whole."""
