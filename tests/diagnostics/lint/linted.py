"""What the tests of lint share: a source in, its findings out."""

from diagnostics.lint.files import SourceFile
from diagnostics.lint.linting import lint_source


def lint(source, path="train.py"):
    data = source if isinstance(source, bytes) else source.encode()
    return lint_source(SourceFile(path, data))[0]


def codes(source, path="train.py"):
    return [found.code for found in lint(source, path)]
