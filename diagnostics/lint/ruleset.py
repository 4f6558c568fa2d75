"""The rules: found in `diagnostics/lint/rules/`, one a file."""

import pkgutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from types import ModuleType

from diagnostics.findings import Status
from diagnostics.judge import Check
from diagnostics.lint import rules as rules_package
from diagnostics.lint.script import Script
from diagnostics.lint.spots import Spot
from diagnostics.pages import page_of


@dataclass(frozen=True)
class Rule:
    """A rule, as its module defines it.

    Attributes
    ----------
    code, slug, title, page : str
        As of a check; the page is the module's docstring.
    status : Status
        What its findings are: `fail` for what surely breaks, `warn` for the rest.
    find : callable
        Takes a Script, yields Spots.
    fires, silent : sequence of str
        Sources where it fires, and sources where it does not.
    """

    code: str
    slug: str
    title: str
    page: str
    status: Status
    find: Callable[[Script], Iterable[Spot]]
    fires: Sequence[str]
    silent: Sequence[str]

    def as_check(self) -> Check:
        """Return it as `list` and `explain` show diagnoses."""
        return Check(self.code, self.slug, self.title, page=self.page)


def _from_module(module: ModuleType) -> Rule:
    return Rule(
        code=module.CODE,
        slug=module.SLUG,
        title=module.TITLE,
        page=page_of(module),
        status=module.STATUS,
        find=module.find,
        fires=module.FIRES,
        silent=module.SILENT,
    )


@cache
def find_rules() -> tuple[Rule, ...]:
    """Return every rule, by code."""
    names = (entry.name for entry in pkgutil.iter_modules(rules_package.__path__))
    found = (_from_module(import_module(f"{rules_package.__name__}.{name}")) for name in names)
    return tuple(sorted(found, key=lambda rule: rule.code))
