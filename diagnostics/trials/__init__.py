"""Single files that run by path in a child with a time limit, and print facts as JSON."""
