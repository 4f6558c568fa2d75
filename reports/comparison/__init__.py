"""`python -m reports compare`: runs and machines side by side.

files -> runs (`reading`, `foreign`) -> sides (`sides`, `machines`) -> what is comparable (`measured`,
`matching`) -> verdicts (`result`, by `diagnostics.comparisons`) -> terminal, Markdown, CSV, JSON, page, gate.
"""
