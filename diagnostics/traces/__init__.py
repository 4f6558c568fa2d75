"""Traces: a pasted log, from bytes to tracebacks and to what a check may ask of it. Nothing here raises."""
