"""The commands, one file each, found by name: no registry to edit.

A command defines `add(subparsers)`, which adds and returns its parser, and `run(options)`, which returns the
exit code. What is slow to import is imported in `run`. `--json` is added to every command.
"""
