import pytest

from diagnostics.ladder.pipeline import in_batches, seconds_per_batch
from diagnostics.quantities import GIB, MIB
from diagnostics.tuning.limits import Room, problem
from diagnostics.tuning.model import Costs, predict, propose, smallest_within, worth_trying
from diagnostics.tuning.settings import Setting, candidates

ABOUT = {"has_in_order": True, "pickled_bytes": 1000, "num_batches": 64}
ALL = list(candidates(2, ABOUT))


def costs(wall, cpu, **changes):
    usual = {"batch_size": 16, "collate": 1e-4, "collate_cpu": 1e-4, "cores": 2.0}
    usual["alone"] = 16 * sum(wall) / len(wall) + 1e-4
    return Costs(wall=wall, cpu=cpu, **{**usual, **changes})


def course(known, truth):
    """Let the model propose until it is done, against a machine that is as `truth` says."""
    measured = {Setting(0): truth(Setting(0))}
    settings = worth_trying(known, ALL)
    while len(measured) < 5 and (one := propose(known, measured, settings)) is not None:
        measured[one] = truth(one)
    return measured, smallest_within(measured)


@pytest.mark.parametrize(
    ("wall", "cpu", "least", "most"),
    [
        (0.010, 1e-5, 12, 16),
        (0.002, 0.002, 2, 3),
        (2e-6, 2e-6, 0, 0),
        (0.005, 0.001, 6, 16),
    ],
    ids=["waiting", "computing", "trivial", "mixed"],
)
def test_the_model_alone_finds_what_is_known_to_be_right(wall, cpu, least, most):
    known = costs([wall] * 100, [cpu] * 100)
    measured, chosen = course(known, lambda one: predict(known, one))
    assert least <= chosen.num_workers <= most
    assert len(measured) <= 5


def test_a_machine_where_workers_only_cost_gets_none_though_the_model_hoped():
    known = costs([0.0004] * 100, [0.0004] * 100)
    _, chosen = course(known, lambda one: 0.0065 if not one.num_workers else 0.017 / one.num_workers**0.2)
    assert chosen == Setting(0)


def test_trials_go_on_upwards_where_the_best_is_the_largest_tried():
    known = costs([0.010] * 100, [0.004] * 100)
    measured, chosen = course(known, lambda one: 0.16 / max(1, min(one.num_workers, 8)))
    assert chosen.num_workers >= 6
    assert len(measured) <= 5


def test_unordered_is_tried_for_slow_samples_alone():
    skewed = [0.08 if at % 61 == 5 else 0.0003 for at in range(610)]
    assert any(one.is_unordered for one in worth_trying(costs(skewed, [0.0003] * 610), ALL))
    assert not any(one.is_unordered for one in worth_trying(costs([0.01] * 61, [1e-5] * 61), ALL))


def test_a_best_that_is_slower_than_resources_explain_is_tried_with_other_arguments():
    known = costs([0.005] * 100, [1e-5] * 100)

    def truth(one):
        return predict(known, one) * (1.5 if one.num_workers and one.prefetch_factor == 2 else 1.0)

    measured = {Setting(0): truth(Setting(0))}
    settings = worth_trying(known, ALL)
    while len(measured) < 5 and (one := propose(known, measured, settings, ALL)) is not None:
        measured[one] = truth(one)
    assert smallest_within(measured).prefetch_factor == 4


def test_workers_are_doubled_where_the_best_is_far_from_what_resources_allow():
    known = costs([0.002] * 100, [0.0005] * 100)
    measured, chosen = course(known, lambda one: 0.3 / max(1, one.num_workers))
    assert [one.num_workers for one in measured][:3] == [0, 8, 16]
    assert chosen == Setting(16)


def test_where_many_workers_are_no_quicker_than_one_a_few_are_tried():
    known = costs([0.002] * 100, [1e-5] * 100)  # it seems to wait, but for a lock that all share
    measured, chosen = course(known, lambda one: 0.034 if one.num_workers else 0.036)
    assert 0 < chosen.num_workers <= 2
    assert len(measured) <= 4


def test_a_best_that_uses_all_there_is_ends_the_trials():
    known = costs([0.002] * 100, [0.002] * 100)
    measured = {one: predict(known, one) for one in map(Setting, (0, 1, 2, 3))}
    assert propose(known, measured, worth_trying(known, ALL), ALL) is None


def test_a_step_that_hides_loading_asks_for_few_workers():
    known = costs([0.010] * 100, [1e-5] * 100, step=0.1)
    _, chosen = course(known, lambda one: predict(known, one))
    assert 2 <= chosen.num_workers <= 3


def test_the_smallest_of_those_within_three_percent_wins():
    assert smallest_within({Setting(0): 2.0, Setting(2): 1.02, Setting(8): 1.0}) == Setting(2)
    assert smallest_within({Setting(2): 1.05, Setting(8): 1.0}) == Setting(8)


@pytest.mark.parametrize(
    ("room", "batch_bytes", "said"),
    [
        (Room(8 * GIB, 64 * MIB), 20 * MIB, "/dev/shm"),
        (Room(64 * MIB, GIB), MIB, "memory"),
        (Room(8 * GIB, None), 20 * MIB, ""),
        (Room(8 * GIB, 64 * MIB), 1000, ""),
    ],
)
def test_a_setting_that_would_break_a_limit_says_which(room, batch_bytes, said):
    why = problem(Setting(4), room, batch_bytes, ABOUT, "fork")
    assert said in why
    assert bool(why) == bool(said)


def test_workers_without_a_batch_are_not_tried():
    few = {**ABOUT, "num_batches": 3}
    assert problem(Setting(3), Room(GIB, None), 1000, few, "fork") == ""
    assert "3 batches" in problem(Setting(4), Room(GIB, None), 1000, few, "fork")


def test_zero_workers_fit_everywhere():
    assert problem(Setting(0), Room(0, 0), 10**9, ABOUT, "spawn") == ""


def test_arguments_are_those_that_dataloader_accepts():
    assert Setting(0).arguments("fork") == {"num_workers": 0}
    assert Setting(2, 4, True).arguments("fork") == {
        "num_workers": 2,
        "prefetch_factor": 4,
        "multiprocessing_context": "fork",
        "in_order": False,
    }


def test_workers_share_waiting_and_a_step_hides_it():
    assert seconds_per_batch([0.1] * 100, 4) == pytest.approx(0.025, rel=0.05)
    assert seconds_per_batch([0.1] * 100, 4, step_seconds=0.2) == pytest.approx(0.2)
    assert seconds_per_batch([0.1] * 100, 0, step_seconds=0.2) == pytest.approx(0.3)


def test_order_costs_where_one_batch_is_slow_and_nothing_else():
    slow = [0.5 if at % 10 == 3 else 0.01 for at in range(200)]
    assert seconds_per_batch(slow, 4) > 1.2 * seconds_per_batch(slow, 4, in_order=False)
    equal = [0.01] * 200
    assert seconds_per_batch(equal, 4) == pytest.approx(seconds_per_batch(equal, 4, in_order=False), rel=0.05)


def test_batches_hold_every_sample_equally_often():
    batches = in_batches([1.0, 2.0, 3.0, 4.0, 5.0], 5, most=10)
    assert batches.tolist() == [15.0] * 10
