"""Claims are judged by their effects over seeds; the contract of every claim's file."""

import math
import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from diagnostics import hypotheses
from diagnostics.hypotheses import (
    Claim,
    Holds,
    Judged,
    JudgedPart,
    Part,
    all_claims,
    all_of,
    by_seed,
    chosen_by_validation,
    judge,
)

SEEDS = 16
CLAIMS = all_claims()
each_claim = pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.name)


def rows(**settings: dict[str, float]) -> pd.DataFrame:
    """Return rows in which every seed is a little different."""
    return pd.DataFrame(
        [
            {"setting": name.replace("_", " "), "seed": seed}
            | {key: value + 0.001 * np.sin(seed * (1 + len(name))) for key, value in values.items()}
            for name, values in settings.items()
            for seed in range(SEEDS)
        ]
    )


def part_of(
    values: Sequence[float] | np.ndarray, name: str = "", *, is_absence: bool = False, smallest: float = 0.01
) -> Part:
    return Part(name, "an effect", "", smallest, lambda _: pd.Series(values, dtype=float), is_absence)


def noisy(mean: float, spread: float, seed: int = 0) -> np.ndarray:
    return mean + spread * np.random.default_rng(seed).standard_normal(SEEDS)


def claim_with(*parts: Part, name: str = "claim", are_conditions: bool = False) -> Claim:
    return Claim(name, "A claim.", parts, (), "", are_conditions)


def claim_of(mean: float, spread: float, *, is_absence: bool = False, seed: int = 0) -> Claim:
    part = part_of(noisy(mean, spread, seed), is_absence=is_absence)
    return claim_with(part, name=f"claim {mean} {spread} {seed}")


def verdict(claim: Claim) -> Holds:
    return judge(pd.DataFrame(), [claim])[0].verdict


@each_claim
def test_a_claim_is_a_sentence_with_an_effect_a_page_and_a_paper(claim: Claim) -> None:
    assert re.fullmatch(r"[A-Z].*[.]", claim.sentence)
    assert all(part.effect and part.smallest > 0 for part in claim.parts)
    assert len({part.name for part in claim.parts}) == len(claim.parts)
    assert len(claim.parts) == 1 or all(part.name for part in claim.parts)
    assert len(claim.page.split("\n\n")) > 1
    assert claim.papers
    for reference, stance in claim.papers:
        assert re.search(r" (19|20)\d\d, ", reference), reference
        assert re.match(r"says the same|says the opposite|qualifies it", stance)


@each_claim
def test_without_its_settings_a_claim_is_not_measured(claim: Claim) -> None:
    nothing = rows(other={"gap_accuracy": 0.0, "test_accuracy": 0.0})
    assert judge(nothing, [claim])[0].verdict is Holds.UNMEASURED


def test_names_are_unique_and_in_the_order_of_reading() -> None:
    assert len({claim.name for claim in CLAIMS}) == len(CLAIMS)
    assert [claim.order for claim in CLAIMS] == sorted(claim.order for claim in CLAIMS)


def test_a_clear_effect_holds_a_reversed_or_tiny_one_does_not_and_a_wide_one_is_unsure() -> None:
    assert verdict(claim_of(0.1, 0.02)) is Holds.HOLDS
    assert verdict(claim_of(-0.1, 0.02)) is Holds.FAILS
    assert verdict(claim_of(0.001, 0.001)) is Holds.FAILS
    assert verdict(claim_of(0.02, 0.1)) is Holds.UNSURE


def test_the_claim_of_an_absence_holds_where_there_is_no_effect() -> None:
    assert verdict(claim_of(0.001, 0.001, is_absence=True)) is Holds.HOLDS
    assert verdict(claim_of(0.1, 0.02, is_absence=True)) is Holds.FAILS


def test_verdicts_are_corrected_for_their_number() -> None:
    values = 0.02 + 0.025 * stats.zscore(np.arange(SEEDS), ddof=1)  # p = 0.003 alone, 0.2 among 61
    alone = claim_with(part_of(values), name="alone")
    assert verdict(alone) is Holds.HOLDS
    crowd = [alone, *(claim_of(0.0, 0.05, seed=seed) for seed in range(100, 160))]
    assert judge(pd.DataFrame(), crowd)[0].verdict is Holds.UNSURE


def test_pure_noise_is_seldom_called_a_fact() -> None:
    found = [judge(pd.DataFrame(), [claim_of(0.0, 1.0, seed=s)])[0].verdict for s in range(300)]
    assert found.count(Holds.HOLDS) <= 10


@pytest.mark.parametrize("num_seeds", [0, 1, 3])
def test_few_seeds_judge_nothing(num_seeds: int) -> None:
    few = claim_with(part_of([0.1] * num_seeds))
    assert judge(pd.DataFrame(), [few])[0].verdict is Holds.UNMEASURED


def test_half_trained_networks_decide_nothing() -> None:
    claims = [claim_of(0.1, 0.02), claim_of(-0.1, 0.02, seed=1)]
    judged = judge(pd.DataFrame(), claims, is_complete=False)
    assert [one.verdict for one in judged] == [Holds.UNSURE, Holds.UNSURE]
    assert all("cut off" in one.reason for one in judged)


def test_nan_effects_are_left_out_and_equal_ones_are_judged() -> None:
    judged = judge(pd.DataFrame(), [claim_with(part_of([0.1] * 8 + [math.nan] * 2))])[0]
    assert (judged.verdict, judged.deciding.effect.num_values) == (Holds.HOLDS, 8)
    assert judged.reason.startswith("8 of 10 seeds")
    assert judged.as_dict()["seeds_lost"] == 2


def test_where_many_seeds_cannot_be_told_the_others_decide_nothing() -> None:
    judged = judge(pd.DataFrame(), [claim_with(part_of([0.1] * 8 + [math.nan] * 8))])[0]
    assert judged.verdict is Holds.UNSURE


def test_a_few_seeds_that_all_come_to_the_same_are_no_certainty() -> None:
    assert verdict(claim_with(part_of([0.1] * 4))) is Holds.UNSURE
    assert verdict(claim_with(part_of([0.1] * 16))) is Holds.HOLDS


THERE, NONE, WIDE = (
    part_of(noisy(*about), name)
    for name, about in {"there": (0.1, 0.02), "none": (0.0, 0.002), "wide": (0.02, 0.1)}.items()
)


@pytest.mark.parametrize(
    ("parts", "said", "conditioned"),
    [
        ((THERE,), Holds.HOLDS, Holds.HOLDS),
        ((THERE, NONE), Holds.FAILS, Holds.UNSURE),
        ((THERE, WIDE), Holds.UNSURE, Holds.UNSURE),
        ((NONE, WIDE), Holds.FAILS, Holds.UNSURE),
        ((NONE,), Holds.FAILS, Holds.FAILS),
    ],
)
def test_things_that_are_said_must_all_hold_and_conditions_must_agree(
    parts: tuple[Part, ...], said: Holds, conditioned: Holds
) -> None:
    assert verdict(claim_with(*parts)) is said
    assert verdict(claim_with(*parts, are_conditions=True)) is conditioned


def test_the_deciding_part_is_the_weakest_that_holds_and_one_that_fails() -> None:
    strong = part_of(noisy(0.5, 0.001), "strong")
    assert judge(pd.DataFrame(), [claim_with(strong, THERE)])[0].deciding.part is THERE
    assert judge(pd.DataFrame(), [claim_with(THERE, NONE)])[0].deciding.part is NONE


def test_what_depends_is_told_for_every_condition() -> None:
    judged = judge(pd.DataFrame(), [claim_with(THERE, NONE, are_conditions=True)])[0]
    assert judged.reason == "it depends: there: holds; none: does not hold"
    assert [one["part"] for one in judged.as_dict()["parts"]] == ["there", "none"]


def test_a_condition_that_was_not_measured_is_left_out_but_not_a_thing_that_is_said() -> None:
    missing = part_of([], "missing")
    assert verdict(claim_with(THERE, missing, are_conditions=True)) is Holds.HOLDS
    assert verdict(claim_with(THERE, missing)) is Holds.UNMEASURED


def test_the_choice_between_settings_is_validations_not_tests() -> None:
    table = rows(
        a={"validation_accuracy": 0.9, "test_accuracy": 0.5},
        b={"validation_accuracy": 0.8, "test_accuracy": 0.7},
    )
    assert chosen_by_validation(table, ["a", "b"], "test_accuracy").mean() == pytest.approx(0.5, abs=0.01)


def test_effects_are_paired_by_seed_whatever_the_order_of_rows() -> None:
    table = rows(plain={"gap_accuracy": 0.3}, decay_1={"gap_accuracy": 0.1})
    shuffled = table.sample(frac=1, random_state=1)
    lowers = next(claim for claim in CLAIMS if claim.name == "weight_decay_lowers_gap")
    expected = judge(table, [lowers])[0]
    assert judge(shuffled, [lowers])[0].deciding.effect == pytest.approx(expected.deciding.effect)
    assert expected.verdict is Holds.HOLDS
    with pytest.raises(KeyError):
        by_seed(table, "nothing", "gap_accuracy")


@pytest.mark.parametrize(
    ("verdicts", "is_contradiction", "is_called_by_some"),
    [
        ((Holds.HOLDS, Holds.FAILS), True, False),
        ((Holds.HOLDS, Holds.UNSURE, Holds.FAILS), True, False),
        ((Holds.HOLDS, Holds.UNSURE), False, True),
        ((Holds.UNSURE, Holds.UNSURE, Holds.FAILS), False, True),
        ((Holds.HOLDS, Holds.UNMEASURED), False, True),
        ((Holds.HOLDS, Holds.HOLDS), False, False),
        ((Holds.UNSURE, Holds.UNMEASURED), False, False),
        ((Holds.FAILS,), False, False),
    ],
)
def test_claims_that_sets_of_seeds_contradict_or_call_by_some_only_are_found(
    verdicts: tuple[Holds, ...], is_contradiction: bool, is_called_by_some: bool
) -> None:
    effect = hypotheses.mean_interval([0.0, 1.0])
    part = JudgedPart(CLAIMS[0].parts[0], Holds.HOLDS, effect, 1.0, "")
    steady = Judged(CLAIMS[1], Holds.HOLDS, (part,), "")
    sets = [[Judged(CLAIMS[0], verdict, (part,), ""), steady] for verdict in verdicts]
    assert hypotheses.contradictions(sets) == [CLAIMS[0].name] * is_contradiction
    assert hypotheses.called_by_some(sets) == [CLAIMS[0].name] * is_called_by_some


def test_a_ratio_that_has_no_logarithm_is_a_value_that_is_not_there():
    rows = pd.DataFrame(
        [
            {"setting": setting, "seed": seed, "weight_norm": norm}
            for setting, norms in (("plain", (2.0, 0.0, 1.0)), ("l2", (1.0, 1.0, -1.0)))
            for seed, norm in enumerate(norms)
        ]
    )
    found = hypotheses.log_ratio(rows, "weight_norm", "plain", "l2")
    assert found.round(3).tolist()[:1] == [0.693]
    assert found.isna().tolist() == [False, True, True]


@pytest.mark.parametrize(
    ("uncertain", "certain", "expected"),
    [
        ((0.03, 0.04), (0.025, 0.001), Holds.UNSURE),  # the lesser mean alone would hold
        ((0.03, 0.002), (0.025, 0.001), Holds.HOLDS),
        ((0.03, 0.04), (0.0, 0.001), Holds.FAILS),
        ((-0.5, 0.001), (0.3, 0.001), Holds.FAILS),
    ],
)
def test_what_needs_several_effects_holds_where_each_is_certain_and_not_where_one_is_absent(
    uncertain: tuple[float, float], certain: tuple[float, float], expected: Holds
) -> None:
    columns = [pd.Series(noisy(*one, seed)) for seed, one in enumerate((uncertain, certain))]
    part = Part("", "an effect", "", 0.02, lambda _: all_of(*columns))
    (judged,) = judge(pd.DataFrame(), [claim_with(part)])
    assert judged.verdict is expected
    assert judged.deciding.effect.estimate == pytest.approx(min(one.mean() for one in columns))
