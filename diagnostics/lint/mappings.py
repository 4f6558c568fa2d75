"""Dictionaries as far as a source tells them, and what is done to them later."""

import ast
from dataclasses import dataclass

MOST = 24  # alternatives of one dictionary


@dataclass(frozen=True)
class Mapping:
    """A dictionary by its literal keys; not complete where others may be in it."""

    items: dict[str, ast.expr]
    is_complete: bool

    def with_items(self, other: "Mapping") -> "Mapping":
        """Return both in one, the other's values first."""
        return Mapping({**self.items, **other.items}, self.is_complete and other.is_complete)

    def without(self, key: str) -> "Mapping":
        """Return it without a key."""
        return Mapping({k: v for k, v in self.items.items() if k != key}, self.is_complete)


@dataclass(frozen=True)
class Change:
    """What is put into a dictionary later, or taken out of it."""

    mappings: list[Mapping]
    block: int | None  # None where it surely happens, else what it happens together with
    removed: str | None = None
    is_default: bool = False  # what is there already stays


def changed(variants: list[Mapping], changes: list[Change]) -> list[Mapping]:
    """Apply what surely happens; of what may, the changes of one block at a time, which happen together."""
    sure = _applied(variants, [change for change in changes if change.block is None])
    found = list(sure)
    for block in dict.fromkeys(change.block for change in changes if change.block is not None):
        found += _applied(variants, [change for change in changes if change.block in {None, block}])
    return found[:MOST]


def _applied(variants: list[Mapping], changes: list[Change]) -> list[Mapping]:
    for change in changes:
        if change.removed is not None:
            variants = [one.without(change.removed) for one in variants]
        elif change.is_default:
            variants = [other.with_items(one) for one in variants for other in change.mappings][:MOST]
        else:
            variants = [one.with_items(other) for one in variants for other in change.mappings][:MOST]
    return variants
