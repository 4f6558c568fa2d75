from diagnostics.tuning.settings import Setting
from diagnostics.tuning.trying import Trial, in_play, is_settled, smallest_as_good


def trial(num_workers: int, *seconds: float) -> Trial:
    return Trial(Setting(num_workers), {}, batch_seconds=list(seconds))


def test_a_setting_that_is_slower_beyond_doubt_is_not_measured_to_the_end() -> None:
    best = trial(2, 1.00, 1.10, 0.95, 1.02)
    near = trial(1, 1.02, 1.11, 0.97, 1.05)
    unsteady = trial(4, 1.40, 0.90, 1.50, 1.00)
    slower = trial(3, 1.09, 1.20, 1.04, 1.12)
    assert in_play([near, best, slower, unsteady]) == [near, best, unsteady]


def test_one_setting_alone_stays() -> None:
    alone = trial(0, 1.0, 2.0, 3.0, 4.0)
    assert in_play([alone]) == [alone]


def test_the_smallest_within_three_percent_of_the_fastest_is_chosen() -> None:
    fastest = trial(8, 1.00, 1.10, 0.95, 1.02)
    as_good = trial(3, 1.01, 1.10, 0.96, 1.02)
    slower = trial(1, 1.05, 1.16, 1.00, 1.07)
    assert smallest_as_good([slower, fastest, as_good]) is as_good


def test_workers_that_are_not_surely_quicker_than_none_are_not_chosen() -> None:
    none = trial(0, 1.10, 1.00, 1.05, 0.95)
    assert smallest_as_good([trial(8, 1.00, 1.10, 0.95, 1.02), none]) is none


def test_turns_go_on_until_it_is_settled_who_is_within_three_percent() -> None:
    fastest = trial(8, 1.00, 1.10, 0.95, 1.02)
    assert not is_settled([fastest, trial(0, 1.10, 1.00, 1.05, 0.95)])
    assert is_settled([fastest, trial(3, 1.01, 1.10, 0.96, 1.02)])
    assert is_settled([fastest, trial(1, 1.09, 1.20, 1.04, 1.12)])
    assert is_settled([fastest, trial(16, 1.10, 1.00, 1.05, 0.95)])


def test_an_unusual_argument_must_surely_gain_something() -> None:
    unordered = Trial(Setting(4, 2, True), {}, batch_seconds=[1.00, 1.00, 1.00, 1.00])
    assert smallest_as_good([trial(4, 1.20, 0.95, 1.10, 0.98), unordered]).setting == Setting(4)
    assert smallest_as_good([trial(4, 1.06, 1.05, 1.07, 1.05), unordered]) is unordered
