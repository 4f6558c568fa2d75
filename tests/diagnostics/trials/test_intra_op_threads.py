import pytest

from diagnostics.trials import intra_op_threads


def test_the_document_holds_the_pairs_and_their_means():
    document = intra_op_threads.as_document([(1.0, 3.0), (2.0, 5.0)], 4)
    facts = {key: fact["value"] for key, fact in document["facts"].items()}
    assert facts == {
        "trial.intra_op_default_threads_count": 4,
        "trial.intra_op_one_thread_seconds": 1.5,
        "trial.intra_op_default_threads_seconds": 4.0,
    }
    assert document["pairs"] == {
        "trial.intra_op_slowdown_ratio": {"numerator": [3.0, 5.0], "denominator": [1.0, 2.0]}
    }


def test_without_pairs_there_are_no_times():
    document = intra_op_threads.as_document([], 1)
    assert document["facts"]["trial.intra_op_one_thread_seconds"]["value"] is None


@pytest.mark.parametrize(("before", "after"), [(None, None), ((0, 5), None), ((0, 5), (0, 5))])
def test_steal_that_was_not_counted_is_no_fact(before, after):
    assert intra_op_threads.steal_facts(before, after, 1.0) == {}


def test_steal_is_the_stolen_share_of_the_window():
    facts = intra_op_threads.steal_facts((10, 1000), (30, 1200), 2.0)
    assert facts["cpu.steal_fraction"]["value"] == pytest.approx(0.1)
