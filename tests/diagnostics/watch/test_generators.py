import random
from types import SimpleNamespace

import numpy as np
import pytest
import torch

GENERATORS = {
    "random.Random": (lambda: random.Random(1), lambda one: one.random(), lambda one: one.seed(9)),
    "RandomState": (lambda: np.random.RandomState(1), lambda one: one.normal(), lambda one: one.seed(9)),
    "torch": (
        lambda: torch.Generator().manual_seed(1),
        lambda one: torch.rand(1, generator=one),
        lambda one: one.manual_seed(9),
    ),
}
for bits in (np.random.PCG64, np.random.PCG64DXSM, np.random.Philox, np.random.MT19937):
    GENERATORS[bits.__name__] = (
        lambda bits=bits: np.random.Generator(bits(1)),
        lambda one: one.random(),
        lambda one, bits=bits: setattr(one.bit_generator, "state", bits(9).state),
    )


@pytest.mark.parametrize("times", [1, 700, 5000])
@pytest.mark.parametrize(("make", "draw", "seed"), GENERATORS.values(), ids=GENERATORS)
def test_a_generator_that_is_drawn_from_is_told_from_one_that_is_seeded_anew(probe, make, draw, seed, times):
    one = make()
    before = probe.origin(one)
    for _ in range(times):
        draw(one)
    assert probe.is_drawn_on(before, probe.origin(one), probe.clock() + probe.WALK_NS)
    seed(one)
    draw(one)
    assert not probe.is_drawn_on(before, probe.origin(one), probe.clock() + probe.WALK_NS)


def test_what_cannot_be_told_by_its_state_is_not_called_drawn_from(probe):
    one = np.random.Generator(np.random.SFC64(1))
    assert not probe.is_drawn_on(probe.origin(one), probe.origin(one), probe.clock() + probe.WALK_NS)


class Shards:
    def __init__(self):
        self.order, self.noise, self.idle = random.Random(1), random.Random(2), random.Random(3)


@pytest.mark.parametrize(
    ("is_stream", "drawn"), [(True, {"dataset.noise"}), (False, {"dataset.noise", "dataset.order"})]
)
def test_a_stream_that_shuffles_before_it_is_divided_draws_nothing_for_its_samples(
    probe, monkeypatch, is_stream, drawn
):
    told = []
    monkeypatch.setattr(probe, "note", lambda event, **parts: told.append(parts["states"]))
    probe.STATE.is_streaming, shards = is_stream, Shards()
    generators = probe.random_states(SimpleNamespace(dataset=shards, collate_fn=list))
    shards.order.random(), shards.noise.random()
    probe.drawn_from(generators)
    shards.noise.random()
    probe.drawn_again()
    (states,) = told
    own = {name: state for name, state in states.items() if name.startswith("dataset.")}
    assert {name for name, (_, is_drawn, *_) in own.items() if is_drawn} == drawn
    assert {name for name, (before, _, _, after) in own.items() if before != after} == drawn


@pytest.mark.parametrize(
    ("num_draws", "is_second", "is_told"),
    [((1, 1), False, True), ((1, 0), False, False), ((1, 0), True, True), ((0, 0), True, False)],
    ids=["each sample", "once, and then it ended", "again in the second batch", "in the second batch alone"],
)
def test_a_stream_of_few_batches_tells_what_more_than_its_first_sample_draws(
    probe, monkeypatch, num_draws, is_second, is_told
):
    told = []
    monkeypatch.setattr(probe, "note", lambda event, **parts: told.append(parts["states"]))
    probe.STATE.is_streaming, shards = True, Shards()
    probe.STATE.random = probe.random_states(SimpleNamespace(dataset=shards, collate_fn=list))
    for sample in probe.Opening([0, 1]):
        for _ in range(num_draws[sample]):
            shards.order.random()
    probe.drawn_from(probe.STATE.random)
    if is_second:
        shards.order.random()
    probe.stream_ended()
    probe.drawn_again()  # at the worker's end
    (states,) = told
    before, is_drawn, _, after = states["dataset.order"]
    assert (is_drawn, before != after) == (is_told, is_told)
