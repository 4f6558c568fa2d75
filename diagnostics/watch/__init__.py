"""Watches a command that the user runs: a probe inside its Python processes, and what is seen from outside.

`probe/` is no package: its one file goes into the user's interpreter by path.
"""
