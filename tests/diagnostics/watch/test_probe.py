"""The probe's functions by themselves, for what only other versions of Python or torch do."""

import sys
from multiprocessing import queues

import pytest


class Plain:
    def __getitem__(self, index):
        raise LookupError("asked", index)


class Rebinding:
    def __getitem__(self, index):
        index = index + 1
        raise LookupError("asked", index)


class Keeping:
    def __getitem__(self, index):
        raise LookupError("asked", [index + i for i in range(2)], lambda: index)


@pytest.mark.parametrize(("dataset", "is_told"), [(Plain(), True), (Keeping(), True), (Rebinding(), False)])
def test_what_a_dataset_was_asked_for_is_told_while_its_name_still_means_that(probe, dataset, is_told):
    """From Python 3.12 on torch's loop variable is gone with the exception."""
    with pytest.raises(LookupError, match="asked") as caught:
        dataset[7]
    frame = caught.value.__traceback__.tb_next.tb_frame
    assert probe.first_argument(frame) == (7 if is_told else probe.NOTHING)
    assert probe.first_argument(sys._getframe()) is probe.NOTHING


@pytest.mark.parametrize("handed", ["dataset", "dataset_holder"])  # the second from torch 2.14 on
def test_a_worker_knows_its_loader_however_it_is_handed_its_dataset(probe, handed, tmp_path, monkeypatch):
    monkeypatch.setenv(probe.VARIABLE, str(tmp_path))
    monkeypatch.setattr(queues, "_ForkingPickler", queues._ForkingPickler)
    monkeypatch.setattr(probe, "register_stacks", lambda stem: 0)
    dataset, tasks = range(7), object()
    arguments = {
        handed: dataset if handed == "dataset" else [dataset],
        "worker_id": 1,
        "num_workers": 2,
        "base_seed": 0,
        "collate_fn": list,
        "drop_last": False,
        "persistent_workers": False,
        "index_queue": tasks,
    }
    probe.begin_worker(arguments)
    view = probe.STATE.view
    assert (view[probe.P_WORKER], view[probe.P_NUM_WORKERS]) == (1, 2)
    assert view[probe.P_LOADER] == probe.identity(dataset, list, 2, False, False)
    assert arguments["index_queue"] is not tasks
    probe.STATE.view = probe.IGNORED
