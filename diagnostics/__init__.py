"""Diagnoses: gathers facts of the machine, judges them, prints findings; never imports torch itself."""
