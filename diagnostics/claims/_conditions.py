"""Conditions under which several claims are measured."""

from diagnostics.hypotheses import Effects, Part, Rows, all_of, by_seed, log_ratio

WRONG, RIGHT = "with wrong labels", "with right labels"
STEPS = {"at a learning rate of 0.1": "", "at a learning rate of 0.01": ", small steps"}
OPTIMIZERS = {"under AdamW": "", "under SGD": "sgd"}


def gap_falls(wrong: str, right: str, effect: str, *, is_absence: bool = False) -> tuple[Part, ...]:
    """Return the plain gap less that of a setting, some training labels wrong, and none."""

    def part(name: str, without: str, with_it: str) -> Part:
        def effects(rows: Rows) -> Effects:
            return by_seed(rows, without, "gap_accuracy") - by_seed(rows, with_it, "gap_accuracy")

        return Part(name, effect, "of accuracy", 0.01, effects, is_absence)

    return part(WRONG, "plain", wrong), part(RIGHT, "0% wrong labels", right)


def at_both_steps(quantity: str, effect: str, what: str = "") -> tuple[Part, ...]:
    """Return the logarithm of what is seen along the step, without batch norm over with it."""

    def part(name: str, steps: str) -> Part:
        def effects(rows: Rows) -> Effects:
            return log_ratio(rows, quantity, f"smoothness{steps}", f"smoothness, batch norm{steps}")

        return Part(f"{what}{name}", effect, "(log)", 0.1, effects)

    return tuple(part(name, steps) for name, steps in STEPS.items())


def gains_on(inputs: str) -> tuple[Part, ...]:
    """Return what batch norm gains on such inputs, in all and beyond its gain on others."""
    effect = "test accuracy there with batch norm less that without, in all and beyond its gain elsewhere"

    def part(name: str, optimizer: str) -> Part:
        def gain(rows: Rows, kind: str) -> Effects:
            without = ", ".join(filter(None, (optimizer, kind)))
            with_it = ", ".join(filter(None, ("batch norm", without)))
            before, after = (by_seed(rows, one, "test_accuracy") for one in (without or "plain", with_it))
            return after - before

        def effects(rows: Rows) -> Effects:
            there = gain(rows, inputs)
            return all_of(there, there - gain(rows, ""))

        return Part(name, effect, "of accuracy", 0.02, effects)

    return tuple(part(name, optimizer) for name, optimizer in OPTIMIZERS.items())
