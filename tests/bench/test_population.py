import pytest
import torch
from torch import nn

from bench.bench_weight_decay import WEIGHT_DECAYS, intervals_over_seeds
from bench.population import Population, Split, batch_order, digits_split, network

WIDTHS, DECAYS, SEEDS = (64, 16, 12, 10), (0.0, 1.0, 10.0), 3


@pytest.fixture(scope="module")
def splits() -> list[Split]:
    return [digits_split(seed, num_train=90, wrong_label_share=0.2) for seed in range(SEEDS)]


def population(splits: list[Split]) -> Population:
    return Population(DECAYS, splits, WIDTHS, learning_rate=1e-2, batch_size=32)


def ordinary_loop(decay: float, seed: int, split: Split, num_epochs: int) -> nn.Module:
    model = network(seed, WIDTHS)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2, weight_decay=decay)
    for epoch in range(num_epochs):
        for batch in batch_order(seed, epoch, 90, 32):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(split.x_train_ND[batch]), split.y_train_N[batch]).backward()
            optimizer.step()
    return model


def test_each_member_equals_the_ordinary_loop_for_its_seed_and_decay(splits: list[Split]) -> None:
    trained = population(splits)
    for _ in range(5):
        trained.train_epoch()
    for member, (decay, seed) in enumerate((d, s) for d in DECAYS for s in range(SEEDS)):
        twin = ordinary_loop(decay, seed, splits[seed], num_epochs=5)
        for own, ordinary in zip(trained.parameters, twin.parameters(), strict=True):
            torch.testing.assert_close(own[member].t().squeeze(), ordinary, rtol=1e-3, atol=1e-5)


def test_outcomes_are_those_of_the_member_alone(splits: list[Split]) -> None:
    trained = population(splits)
    trained.train_epoch()
    outcome = trained.outcome()
    twin = ordinary_loop(DECAYS[1], 2, splits[2], num_epochs=1)
    member = 1 * SEEDS + 2
    with torch.no_grad():
        logits = twin(splits[2].x_test_ND)
    accuracy = (logits.argmax(1) == splits[2].y_test_N).float().mean().item()
    assert outcome["test_accuracy"][member] == pytest.approx(accuracy, abs=2e-3)
    loss = nn.functional.cross_entropy(logits, splits[2].y_test_N).item()
    assert outcome["test_loss"][member] == pytest.approx(loss, rel=1e-3)
    gap = outcome["train_accuracy"][member] - outcome["test_accuracy"][member]
    assert outcome["gap_accuracy"][member] == pytest.approx(gap, abs=1e-6)


def test_weight_decay_makes_weights_smaller(splits: list[Split]) -> None:
    trained = population(splits)
    for _ in range(10):
        trained.train_epoch()
    norms = torch.tensor(trained.outcome()["weight_norm"]).view(len(DECAYS), SEEDS)
    assert (norms[0] > norms[1]).all()
    assert (norms[1] > norms[2]).all()


def test_training_again_gives_the_same_numbers(splits: list[Split]) -> None:
    outcomes = []
    for _ in range(2):
        trained = population(splits)
        trained.train_epoch()
        outcomes.append(trained.outcome())
    assert outcomes[0] == outcomes[1]


def test_a_fifth_of_the_training_labels_is_wrong_and_no_test_label() -> None:
    clean, spoiled = digits_split(5, 300, 0.0), digits_split(5, 300, 0.2)
    assert torch.equal(clean.x_train_ND, spoiled.x_train_ND)
    assert (clean.y_train_N != spoiled.y_train_N).sum() == 60
    assert torch.equal(clean.y_test_N, spoiled.y_test_N)
    assert len(clean.y_test_N) == 1797 - 300


def test_no_sample_is_in_training_and_test() -> None:
    split = digits_split(1, 300, 0.0)
    both = torch.cat([split.x_train_ND, split.x_test_ND])
    everything = torch.from_numpy(__import__("sklearn.datasets").datasets.load_digits().data / 16).float()
    assert torch.equal(both.sort(0).values, everything.sort(0).values)


def test_the_network_of_a_seed_does_not_depend_on_the_global_generator() -> None:
    torch.manual_seed(1)
    first = network(3, WIDTHS)
    torch.manual_seed(2)
    assert torch.equal(first[0].weight, network(3, WIDTHS)[0].weight)


def test_changes_are_paired_by_seed() -> None:
    rows = [
        {"weight_decay": decay, "seed": seed, "test_accuracy": 0.5 + 0.1 * seed + (0.01 if decay else 0)}
        for decay in WEIGHT_DECAYS
        for seed in range(4)
    ]
    table = {(row["weight_decay"], row["quantity"]): row for row in intervals_over_seeds(rows)}
    change = table[1.0, "test_accuracy_change"]
    assert (change["estimate"], change["low"], change["high"]) == pytest.approx((0.01, 0.01, 0.01))
    assert table[1.0, "test_accuracy"]["high"] - table[1.0, "test_accuracy"]["low"] > 0.3
    assert change["num_values"] == 4
