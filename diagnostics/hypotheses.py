"""Claims judged by measurements: each rests on effects, one value a seed, and all verdicts are corrected.

A claim is a module in `diagnostics/claims/` that defines

- its docstring: what is meant, how it is measured, what would refute it;
- `CLAIM`, the sentence, and `PAPERS`: (reference, "says the same" | "says the opposite" | "qualifies it");
- `EFFECT`, what the number is, `UNIT` of it, and `SMALLEST`: less is none for any practical purpose;
- `effects(rows) -> Series`: one value a seed, positive where the claim is right, NaN where it cannot be told;
  `all_of` several where the claim is right only if all of them are;
- optionally `IS_ABSENCE = True`: the claim is that there is no such effect.

A sentence that says several things, or is measured under several conditions, has `PARTS`, a tuple of `Part`,
in place of the last three, and `ARE_CONDITIONS = True` in the second case.
"""

import pkgutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from importlib import import_module
from types import ModuleType
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from scipy import stats

from diagnostics import claims as claims_package
from diagnostics.differences import holm
from diagnostics.intervals import Interval, mean_interval
from diagnostics.pages import page_of

Rows: TypeAlias = Any  # a DataFrame: one row a setting and seed
Effects: TypeAlias = Any  # a Series by seed; a DataFrame, a column each, where all of several are needed
MIN_SEEDS = 4
MOST_LOST = 0.25  # of the seeds: where more cannot be told, those that can are a choice
LEVEL = 0.01  # stricter than usual: a verdict should be the same with other seeds


class Holds(StrEnum):
    """What the measurements say of a claim."""

    HOLDS = "holds"
    FAILS = "does not hold"
    UNSURE = "unsure here"
    UNMEASURED = "not measured"


CALLED = {Holds.HOLDS, Holds.FAILS}  # the verdicts that decide


@dataclass(frozen=True)
class Part:
    """One effect that a claim rests on.

    Attributes
    ----------
    name : str
        What the claim says here, or the condition; nothing where the claim has one part.
    effect, unit : str
        What the number is.
    smallest : float
        Below this it is none for any practical purpose.
    effects : callable
        Rows of a study to one value a seed, positive where the claim is right.
    is_absence : bool
        The claim is that there is no such effect.
    """

    name: str
    effect: str
    unit: str
    smallest: float
    effects: Callable[[Rows], Effects]
    is_absence: bool = False


@dataclass(frozen=True)
class Claim:
    """A sentence about regularizers, and how a study's rows decide it.

    Attributes
    ----------
    parts : tuple of Part
    are_conditions : bool
        The parts say the same under several conditions, and do not say several things.
    """

    name: str
    sentence: str
    parts: tuple[Part, ...]
    papers: tuple[tuple[str, str], ...]
    page: str
    are_conditions: bool = False
    order: int = 0


@dataclass(frozen=True)
class JudgedPart:
    """One effect with its verdict.

    Attributes
    ----------
    effect : Interval
        Mean over seeds with its 95 % interval, of this part alone; positive where the claim is right.
    p_value : float
        Holm-corrected over all parts of all claims of the study.
    num_lost : int
        Seeds that could not be told.
    """

    part: Part
    verdict: Holds
    effect: Interval
    p_value: float
    reason: str
    num_lost: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary."""
        interval = {key: value for key, value in self.effect.as_dict().items() if key != "num_values"}
        return {
            "part": self.part.name,
            "verdict": str(self.verdict),
            "effect": self.part.effect,
            "unit": self.part.unit,
            **interval,
            "seeds": self.effect.num_values,
            "seeds_lost": self.num_lost,
            "p_value": self.p_value,
            "reason": self.reason,
        }


@dataclass(frozen=True)
class Judged:
    """A claim with its verdict and those of its parts; `deciding` is the part that the verdict rests on."""

    claim: Claim
    verdict: Holds
    parts: tuple[JudgedPart, ...]
    reason: str
    deciding: JudgedPart = field(init=False)

    def __post_init__(self) -> None:
        fitting = [one for one in self.parts if one.verdict is self.verdict] or list(self.parts)
        weakest = self.verdict is Holds.HOLDS
        chosen = max(fitting, key=lambda one: one.p_value if weakest else -one.p_value)
        object.__setattr__(self, "deciding", chosen)

    @property
    def depends(self) -> bool:
        """Whether it holds under one condition and does not under another."""
        return self.claim.are_conditions and {one.verdict for one in self.parts} >= CALLED

    def as_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary, with the numbers of the deciding part."""
        told = {
            "name": self.claim.name,
            "claim": self.claim.sentence,
            **self.deciding.as_dict(),
            "verdict": str(self.verdict),
            "reason": self.reason,
            "papers": [list(paper) for paper in self.claim.papers],
        }
        if len(self.parts) > 1:
            told["are_conditions"] = self.claim.are_conditions
            told["parts"] = [one.as_dict() for one in self.parts]
        return told


def all_claims() -> list[Claim]:
    """Return every claim, in the order of reading."""
    modules = [
        import_module(f"{claims_package.__name__}.{found.name}")
        for found in pkgutil.iter_modules(claims_package.__path__)
        if not found.name.startswith("_")
    ]
    claims = [
        Claim(
            module.__name__.rpartition(".")[2],
            module.CLAIM,
            _parts(module),
            tuple(module.PAPERS),
            page_of(module),
            getattr(module, "ARE_CONDITIONS", False),
            getattr(module, "ORDER", 0),
        )
        for module in modules
    ]
    return sorted(claims, key=lambda claim: (claim.order, claim.name))


def _parts(module: ModuleType) -> tuple[Part, ...]:
    several: tuple[Part, ...] | None = getattr(module, "PARTS", None)
    if several is not None:
        return several
    is_absence = getattr(module, "IS_ABSENCE", False)
    return (Part("", module.EFFECT, module.UNIT, module.SMALLEST, module.effects, is_absence),)


def judge(rows: Rows, claims: Sequence[Claim] | None = None, *, is_complete: bool = True) -> list[Judged]:
    """Judge every claim by the rows of a study.

    Parameters
    ----------
    rows : DataFrame
        One row a setting and seed, with the columns of a study's outcome.
    is_complete : bool
        Whether all training was done; if not, no claim holds or fails yet.

    Notes
    -----
    A part holds where the mean over seeds is above zero at the level 0.01, after Holm's correction over all
    parts, and at least `smallest`; it does not hold where the corrected test says that the effect is below
    `smallest`; between them it is unsure. For an absence the two change place. Both tests are one-sided
    t-tests over seeds, paired by seed, because each seed's effect is a difference within the seed.

    A claim that says several things holds where all of them do (an intersection-union test: Berger 1982) and
    does not where one does not. One that is measured under several conditions holds where it holds under
    each, does not where it does under none, and else is unsure: it depends, where they contradict.
    """
    told = list(claims if claims is not None else all_claims())
    parts = {f"{claim.name}: {part.name}": part for claim in told for part in claim.parts}
    values = {key: _values(part, rows) for key, part in parts.items()}
    finite = {key: found[np.isfinite(found).all(axis=1)] for key, found in values.items()}
    measured = {key: found for key, found in finite.items() if len(found) >= MIN_SEEDS}
    present = holm({key: _p_all(found) for key, found in measured.items()})
    absent = holm({key: _p_any_absent(found, parts[key].smallest) for key, found in measured.items()})
    judged = {}
    for key, part in parts.items():
        p_values = (present[key], absent[key]) if key in measured else None
        one = _judged_part(part, finite[key], len(values[key]) - len(finite[key]), p_values)
        judged[key] = one if is_complete else _not_final(one)
    return [
        _together(claim, [judged[f"{claim.name}: {part.name}"] for part in claim.parts]) for claim in told
    ]


def _not_final(judged: JudgedPart) -> JudgedPart:
    """Return a part that half-trained networks cannot decide."""
    if judged.verdict is Holds.UNMEASURED:
        return judged
    reason = f"{judged.effect.num_values} seeds: training was cut off, so that nothing is final"
    return replace(judged, verdict=Holds.UNSURE, reason=reason)


def _values(part: Part, rows: Rows) -> np.ndarray:
    """Return the effects of a part, a row a seed and a column for each that it needs."""
    try:
        found = np.asarray(part.effects(rows), dtype=float)
    except (KeyError, ValueError, IndexError):
        found = np.array([])
    return found.reshape(len(found), -1) if len(found) else np.empty((0, 1))


def _p_all(values: np.ndarray) -> float:
    """Return the p-value of all columns being above zero: an intersection-union test."""
    return max(_p_value(column, 0.0, "greater") for column in values.T)


def _p_any_absent(values: np.ndarray, smallest: float) -> float:
    """Return the p-value of any column being below the smallest effect, corrected after Bonferroni."""
    return min(1.0, values.shape[1] * min(_p_value(column, smallest, "less") for column in values.T))


def _p_value(values: np.ndarray, bound: float, side: str) -> float:
    """Return the p-value of a one-sided t-test, of a sign test where all seeds came to the same."""
    if np.ptp(values) == 0:
        is_beyond = values[0] > bound if side == "greater" else values[0] < bound
        return 0.5 ** len(values) if is_beyond else 1.0
    return float(stats.ttest_1samp(values, bound, alternative=side).pvalue)


def _judged_part(
    part: Part, values: np.ndarray, num_lost: int, p_values: tuple[float, float] | None
) -> JudgedPart:
    effect = mean_interval(min(values.T, key=np.mean) if len(values) else values.ravel())
    if p_values is None:
        few = f"{len(values)} seeds; at least {MIN_SEEDS} are needed"
        reason = few if len(values) or num_lost else "not part of this run"
        return JudgedPart(part, Holds.UNMEASURED, effect, 1.0, reason, num_lost)
    present, absent = p_values
    is_there = present < LEVEL and effect.estimate >= part.smallest
    is_none = absent < LEVEL and not is_there  # both cannot be: the mean is on one side of `smallest`
    is_told = num_lost <= MOST_LOST * (len(values) + num_lost)
    yes, no = (is_none, is_there) if part.is_absence else (is_there, is_none)
    verdict = Holds.UNSURE if not is_told else Holds.HOLDS if yes else Holds.FAILS if no else Holds.UNSURE
    seeds = f"{len(values)} of {len(values) + num_lost} seeds" if num_lost else f"{len(values)} seeds"
    p_value = absent if is_none else present
    return JudgedPart(part, verdict, effect, p_value, f"{seeds}: {_why(part, verdict, is_there)}", num_lost)


def _why(part: Part, verdict: Holds, is_there: bool) -> str:
    if verdict is Holds.UNSURE:
        return f"neither an effect of {part.smallest:g} {part.unit} nor its absence is certain, corrected"
    if is_there:
        return "above zero after correction for all claims"
    return f"smaller than {part.smallest:g} {part.unit}, after correction for all claims"


def _together(claim: Claim, parts: Sequence[JudgedPart]) -> Judged:
    """Return the verdict that follows from those of the parts."""
    found = [one for one in parts if one.verdict is not Holds.UNMEASURED]
    if not found or (len(found) < len(parts) and not claim.are_conditions):
        missing = next(one for one in parts if one.verdict is Holds.UNMEASURED)
        return Judged(claim, Holds.UNMEASURED, tuple(parts), missing.reason)
    verdicts = {one.verdict for one in found}
    if len(verdicts) == 1:
        verdict = verdicts.pop()
    elif claim.are_conditions or Holds.FAILS not in verdicts:
        verdict = Holds.UNSURE
    else:
        verdict = Holds.FAILS
    judged = Judged(claim, verdict, tuple(found), "")
    if len(found) == 1:
        return replace(judged, reason=found[0].reason)
    told = "; ".join(f"{one.part.name}: {one.verdict}" for one in found)
    return replace(judged, reason=f"it depends: {told}" if judged.depends else told)


def by_seed(rows: Rows, setting: str, quantity: str) -> Effects:
    """Return a quantity of one setting, a value a seed; diverged members count with what they came to.

    Raises
    ------
    KeyError
        The study has no such setting.
    """
    chosen = rows[rows["setting"] == setting]
    if chosen.empty:
        raise KeyError(setting)
    return chosen.set_index("seed")[quantity].astype(float)


def chosen_by_validation(rows: Rows, settings: Sequence[str], quantity: str) -> Effects:
    """Return a quantity of the setting that each seed's validation samples prefer: no test sample chooses.

    Raises
    ------
    KeyError
        The study has none of the settings.
    """
    if not settings:
        raise KeyError("no setting to choose from")
    scores: Rows = pd.DataFrame({name: by_seed(rows, name, "validation_accuracy") for name in settings})
    values: Rows = pd.DataFrame({name: by_seed(rows, name, quantity) for name in settings})
    best = scores.idxmax(axis=1)
    return pd.Series({seed: values.loc[seed, name] for seed, name in best.items()})


def names_of(rows: Rows, prefix: str) -> list[str]:
    """Return the settings whose names begin with a prefix, in the study's order."""
    return list(dict.fromkeys(name for name in rows["setting"] if str(name).startswith(prefix)))


def log_ratio(rows: Rows, quantity: str, over: str, under: str) -> Effects:
    """Return the logarithm of a quantity of one setting over that of another, a value a seed."""
    return logarithm(by_seed(rows, over, quantity) / by_seed(rows, under, quantity))


def logarithm(ratios: Effects) -> Effects:
    """Return logarithms; a ratio that has none, as of a norm of 0, is a value that is not there."""
    return np.log(ratios.where(ratios > 0))


def all_of(*effects: Effects) -> Effects:
    """Return effects of which a sentence needs all: a column each; the least mean is the one that is told."""
    return pd.concat(effects, axis=1)


def contradictions(sets: Sequence[Sequence[Judged]]) -> list[str]:
    """Return the claims that hold with one set of seeds and do not hold with another."""
    return [name for name, verdicts in _verdicts(sets) if verdicts >= CALLED]


def called_by_some(sets: Sequence[Sequence[Judged]]) -> list[str]:
    """Return the claims that some sets of seeds call the one or the other, and other sets leave open."""
    return [
        name for name, verdicts in _verdicts(sets) if len(verdicts & CALLED) == 1 and not verdicts <= CALLED
    ]


def _verdicts(sets: Sequence[Sequence[Judged]]) -> Iterator[tuple[str, set[Holds]]]:
    """Yield each claim with all that the sets say of it."""
    for judged in zip(*sets, strict=True):
        yield judged[0].claim.name, {one.verdict for one in judged}
