import pytest

from diagnostics.watch.incidents import Incident

WHERE = {
    "one sample": (
        {"batch": 3, "samples": (13,), "indices": (12, 13)},
        ", in batch 3, at sample 13 (of 12, 13)",
    ),
    "a whole batch": (
        {"batch": 3, "samples": (12, 13), "indices": (12, 13)},
        ", in batch 3, at one of samples 12, 13",
    ),
    "only the batch's number": ({"batch": 3}, ", in batch 3"),
    "nothing": ({}, ""),
}


@pytest.mark.parametrize(("known", "told"), WHERE.values(), ids=WHERE)
def test_a_death_is_told_as_closely_as_it_is_known(known, told):
    parts = {"worker": 1, "is_worker": True, "stage": "fetching", "code": -9}
    incident = Incident("died", at=0, pid=201, **parts, **known)
    assert incident.sentence == f"worker 1 (pid 201) was ended by SIGKILL (signal 9){told}"
