"""Claims judged by measurements: each is one effect a seed, and all verdicts together are corrected.

A claim is a module in `diagnostics/claims/` that defines

- its docstring: what is meant, how it is measured, what would refute it;
- `CLAIM`, the sentence; `EFFECT`, what the number is; `UNIT` of it;
- `PAPERS`: (reference, "says the same" | "says the opposite" | "qualifies it");
- `SMALLEST`: an effect below this is none for any practical purpose;
- `effects(rows) -> Series`: one value a seed, positive where the claim is right, NaN where it cannot be told;
- optionally `IS_ABSENCE = True`: the claim is that there is no such effect.
"""

import pkgutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from importlib import import_module
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from scipy import stats

from diagnostics import claims as claims_package
from diagnostics.differences import holm
from diagnostics.intervals import Interval, mean_interval

Rows: TypeAlias = Any  # a DataFrame: one row a setting and seed
Effects: TypeAlias = Any  # a Series by seed
MIN_SEEDS = 4
LEVEL = 0.01  # stricter than usual: a verdict should be the same with other seeds


class Holds(StrEnum):
    """What the measurements say of a claim."""

    HOLDS = "holds"
    FAILS = "does not hold"
    UNSURE = "unsure here"
    UNMEASURED = "not measured"


@dataclass(frozen=True)
class Claim:
    """A sentence about regularizers, and how a study's rows decide it."""

    name: str
    sentence: str
    effect: str
    unit: str
    smallest: float
    papers: tuple[tuple[str, str], ...]
    page: str
    effects: Callable[[Rows], Effects]
    is_absence: bool = False
    order: int = 0


@dataclass(frozen=True)
class Judged:
    """A claim with its verdict.

    Attributes
    ----------
    effect : Interval
        Mean over seeds with its 95 % interval, of this claim alone; positive where the claim is right.
    p_value : float
        Holm-corrected over all claims of the study.
    """

    claim: Claim
    verdict: Holds
    effect: Interval
    p_value: float
    reason: str

    def as_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary."""
        return {
            "name": self.claim.name,
            "claim": self.claim.sentence,
            "verdict": str(self.verdict),
            "effect": self.claim.effect,
            "unit": self.claim.unit,
            **{key: value for key, value in self.effect.as_dict().items() if key != "num_values"},
            "seeds": self.effect.num_values,
            "p_value": self.p_value,
            "reason": self.reason,
            "papers": [list(paper) for paper in self.claim.papers],
        }


def all_claims() -> list[Claim]:
    """Return every claim, in the order of reading."""
    modules = [
        import_module(f"{claims_package.__name__}.{found.name}")
        for found in pkgutil.iter_modules(claims_package.__path__)
    ]
    claims = [
        Claim(
            module.__name__.rpartition(".")[2],
            module.CLAIM,
            module.EFFECT,
            module.UNIT,
            module.SMALLEST,
            tuple(module.PAPERS),
            module.__doc__ or "",
            module.effects,
            getattr(module, "IS_ABSENCE", False),
            getattr(module, "ORDER", 0),
        )
        for module in modules
    ]
    return sorted(claims, key=lambda claim: (claim.order, claim.name))


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
    A claim holds where the mean over seeds is above zero at the level 0.01, after Holm's correction, and at
    least `smallest`;
    it does not hold where the corrected test says that the effect is below `smallest`; between them it is
    unsure. For the claim of an absence the two change places. Both tests are one-sided t-tests over seeds,
    paired by seed, because each seed's effect is a difference within the seed.
    """
    told = list(claims if claims is not None else all_claims())
    values = {claim.name: _finite(claim, rows) for claim in told}
    present = holm({n: _p_value(v, 0.0, "greater") for n, v in values.items() if len(v) >= MIN_SEEDS})
    absent = holm(
        {
            claim.name: _p_value(values[claim.name], claim.smallest, "less")
            for claim in told
            if len(values[claim.name]) >= MIN_SEEDS
        }
    )
    judged = [_judged(claim, values[claim.name], present, absent) for claim in told]
    return judged if is_complete else [_not_final(one) for one in judged]


def _not_final(judged: Judged) -> Judged:
    """Return a claim that half-trained networks cannot decide."""
    if judged.verdict is Holds.UNMEASURED:
        return judged
    reason = f"{judged.effect.num_values} seeds: training was cut off, so that nothing is final"
    return replace(judged, verdict=Holds.UNSURE, reason=reason)


def _finite(claim: Claim, rows: Rows) -> np.ndarray:
    try:
        found = np.asarray(claim.effects(rows), dtype=float)
    except (KeyError, ValueError, IndexError):
        return np.array([])
    return found[np.isfinite(found)]


def _p_value(values: np.ndarray, bound: float, side: str) -> float:
    if np.ptp(values) == 0:
        is_beyond = values[0] > bound if side == "greater" else values[0] < bound
        return 0.0 if is_beyond else 1.0
    return float(stats.ttest_1samp(values, bound, alternative=side).pvalue)


def _judged(claim: Claim, values: np.ndarray, present: dict[str, float], absent: dict[str, float]) -> Judged:
    effect = mean_interval(values)
    if claim.name not in present:
        few = (
            f"{len(values)} seeds; at least {MIN_SEEDS} are needed" if len(values) else "not part of this run"
        )
        return Judged(claim, Holds.UNMEASURED, effect, 1.0, few)
    is_there = present[claim.name] < LEVEL and effect.estimate >= claim.smallest
    is_none = absent[claim.name] < LEVEL
    if is_there and is_none:  # cannot be: the mean is on one side of `smallest`
        is_none = False
    yes, no = (is_none, is_there) if claim.is_absence else (is_there, is_none)
    verdict = Holds.HOLDS if yes else Holds.FAILS if no else Holds.UNSURE
    p_value = absent[claim.name] if is_none else present[claim.name]
    return Judged(claim, verdict, effect, p_value, _reason(claim, verdict, len(values), is_there))


def _reason(claim: Claim, verdict: Holds, num_seeds: int, is_there: bool) -> str:
    if verdict is Holds.UNSURE:
        return f"{num_seeds} seeds: the interval holds both nothing and {claim.smallest:g} {claim.unit}"
    if is_there:
        return f"{num_seeds} seeds: above zero after correction for all claims"
    return f"{num_seeds} seeds: smaller than {claim.smallest:g} {claim.unit}, after correction for all claims"


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
    """Return a quantity of the setting that each seed's validation samples prefer: no test sample chooses."""
    scores: Rows = pd.DataFrame({name: by_seed(rows, name, "validation_accuracy") for name in settings})
    values: Rows = pd.DataFrame({name: by_seed(rows, name, quantity) for name in settings})
    best = scores.idxmax(axis=1)
    return pd.Series({seed: values.loc[seed, name] for seed, name in best.items()})


def names_of(rows: Rows, prefix: str) -> list[str]:
    """Return the settings whose names begin with a prefix, in the study's order."""
    return list(dict.fromkeys(name for name in rows["setting"] if str(name).startswith(prefix)))


def verdict_changes(sets: Sequence[Sequence[Judged]]) -> Iterator[tuple[str, list[Holds]]]:
    """Yield the claims that one set of seeds calls right and another wrong."""
    for judged in zip(*sets, strict=True):
        verdicts = [one.verdict for one in judged]
        if {Holds.HOLDS, Holds.FAILS} <= set(verdicts):
            yield judged[0].claim.name, verdicts
