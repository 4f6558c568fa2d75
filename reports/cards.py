"""The three questions of the first screen, answered in words; the terminal prints the same."""

from reports import frames, headlines
from reports.headlines import DecayAnswer, StepCost, WorkersAnswer
from reports.load import Run
from reports.parts import Answer, Card
from reports.values import as_number
from reports.wording import count, listed, number, percent, percent_span, points, shorten, span

MEASURE = "pytest bench --benchmark-autosave"
WORKLOADS = {
    "image": "photographs decoded on the CPU",
    "tiny": "rows that lie in memory",
    "wait": "slow storage, 10 ms a sample",
}
WRONG_LABELS = (
    " Here {} of the training labels are wrong on purpose: a network that does not memorize them "
    "scores lower in training than in the test, and the gap turns negative."
)
WRONG_ALIKE = (
    " Here {} of the training labels are wrong on purpose; the gap is to a test with equally many wrong "
    "ones, the test accuracy is that on right labels."
)
REFERENCES = {"arithmetic": "one-thread arithmetic", "copy": "a memory copy", "pipe": "a pipe round trip"}


def cards(run: Run) -> list[Card]:
    """Return the questions about workers, layers and weight decay, in this order."""
    return [_workers_card(run), _layers_card(run), _decay_card(run)]


def line(card: Card) -> str:
    """Return a card as one line for the terminal."""
    told = "; ".join(f"{a.label}: {a.value} ({a.detail})" for a in card.answers)
    return f"{card.question} {told or card.sureness}"


def lines(run: Run) -> list[str]:
    """Return the most useful lines of a page: its three cards, or what a file of another suite is about."""
    if frames.is_ours(run):
        return [line(card) for card in cards(run)]
    from reports.figures import timings

    return [timings.title(run)] if len(timings.slowest(run)) else ["No benchmark of this file has a median."]


def _missing(question: str, explanation: str, selection: str) -> Card:
    return Card(
        question, (), explanation, "Not measured in this run.", commands=(f"{MEASURE} -k {selection}",)
    )


def _workers_card(run: Run) -> Card:
    question = "How many workers?"
    explanation = (
        "A worker is a process that prepares batches while your model computes; with `num_workers=0` "
        "training waits for its own data. Take the workload that is most like yours. With workers, keep the "
        'code that starts training below `if __name__ == "__main__":`. Wherever workers start by spawn or '
        "forkserver (Windows, macOS, Linux from Python 3.14), each of them imports your script again."
    )
    answers = [_worker_answer(answer) for answer in headlines.workers(run)]
    if not answers:
        return _missing(question, explanation, "loader_throughput")
    return Card(
        question, answers, explanation, sureness(run, "loader_throughput"), "figure-loader-throughput"
    )


def _worker_answer(answer: WorkersAnswer) -> Answer:
    name = answer.workload.partition(" → ")[0]
    label = shorten(answer.workload, 60) + (f", {WORKLOADS[name]}" if name in WORKLOADS else "")
    how = f" by {shorten(answer.start_method, 30)}" if answer.num_workers else ""
    rate = f"{number(answer.throughput.estimate)} samples/s{how}"
    value = count(answer.num_workers, "worker")
    if answer.num_workers == 0:
        return Answer(label, value, f"{rate}; no number of workers tried was clearly faster")
    if answer.factor is None:
        return Answer(label, value, f"{rate}; 0 workers were not measured")
    unsure = f"; {answer.perhaps} workers may do as well" if answer.perhaps is not None else ""
    factor = f"{number(answer.factor.estimate)} times as fast as 0 workers"
    return Answer(label, value, f"{rate}, {factor}; 95 % interval {span(answer.factor)}{unsure}")


def _layers_card(run: Run) -> Card:
    question = "What do batch norm and dropout cost?"
    explanation = (
        "Batch norm rescales what a layer puts out to mean 0 and variance 1 over the batch, which makes "
        "training smoother. Dropout sets a random part of it to zero, in training only, so that no unit can "
        "lean on another. The share is what a step of a small CNN would save without them."
    )
    costs = headlines.step_costs(run)
    if not costs:
        return _missing(question, explanation, "step")
    several = len({cost.device for cost in costs}) > 1
    answers = [_cost_answer(cost, several) for cost in costs]
    return Card(
        question, answers, explanation, sureness(run, "batchnorm_step", "dropout_step"), "figure-step-share"
    )


def _cost_answer(cost: StepCost, names_device: bool) -> Answer:
    label = cost.layer + (f" on {shorten(cost.device, 30)}" if names_device else "")
    sure = "" if cost.share.low > 0 else ", so not surely more than nothing"
    return Answer(
        label,
        percent(cost.share.estimate),
        f"of a training step; 95 % interval {percent_span(cost.share)}{sure}",
    )


def _decay_card(run: Run) -> Card:
    question = "What does weight decay do?"
    explanation = (
        "Weight decay pulls every weight a little towards zero in each step, so that the network cannot "
        "memorize its training set. The gap is training minus test accuracy: how much of what was "
        "learned does not carry over. The best value depends on data, network and optimizer: look for yours "
        "in steps of three."
    )
    answer = headlines.weight_decay(run)
    if answer is None:
        return _missing(question, explanation, "weight_decay")
    explanation += wrong_labels(run)
    return Card(
        question, _decay_answers(answer), explanation, _decay_sureness(run, answer), "figure-weight-decay"
    )


def wrong_labels(run: Run) -> str:
    """Return why the gap of this study can be negative, nothing where its labels are all right."""
    share = as_number(frames.weight_decay_study(run).get("wrong_label_share"))
    is_alike = headlines.chosen_by(frames.weight_decay(run)) == "validation_accuracy"
    text = WRONG_ALIKE if is_alike else WRONG_LABELS
    return text.format(percent(share)) if share > 0 else ""


def _decay_answers(answer: DecayAnswer) -> list[Answer]:
    without, gap_without = percent(answer.test_without.estimate, 1), points(answer.gap_without.estimate)
    if answer.best == 0:
        told = [Answer("best decay", "0", f"test accuracy {without}; no decay tried was better")]
    else:
        sure = "" if answer.gain.low > 0 else ", so not surely better"
        gain = f"{points(answer.gain.estimate)} points, 95 % interval {span(answer.gain, 100, 2)}{sure}"
        test = f"test accuracy {percent(answer.test.estimate, 1)}, {without} without: {gain}"
        gap = f"{points(answer.gap.estimate).lstrip('+')} points"
        without = f"{gap_without.lstrip('+')} without; 95 % interval {span(answer.gap, 100, 2)}"
        told = [Answer("best decay", f"{answer.best:g}", test), Answer("gap there", gap, without)]
    if answer.harmful_from is not None:
        told.append(
            Answer(
                "too much", f"from {answer.harmful_from:g}", "test accuracy falls below that without decay"
            )
        )
    return told


def _decay_sureness(run: Run, answer: DecayAnswer) -> str:
    is_fair = headlines.chosen_by(frames.weight_decay(run)) == "validation_accuracy"
    picked = (
        "the best was picked on validation samples, which neither train nor judge it."
        if is_fair
        else "the best was picked on the test set that judges it, which flatters it a little."
    )
    seeds = f"{count(answer.test.num_values, 'seed')}; {picked}"
    study = frames.weight_decay_study(run)
    done, wanted = as_number(study.get("epochs")), as_number(study.get("num_epochs"))
    return f"Cut off after {done:g} of {wanted:g} epochs: not final. {seeds}" if done < wanted else seeds


def sureness(run: Run, *topics: str) -> str:
    """Return on how many passes an answer stands and whether the machine held still."""
    numbers = {n for topic in topics for n in frames.passes(run, topic).get("pass", ())}
    steady = headlines.steadiness(run)
    drift = f"{REFERENCES.get(steady.drifting, steady.drifting)} varied by {percent(steady.drift)}"
    steal = f"up to {percent(steady.steal)} of its time was taken by others"
    passes = count(len(numbers), "pass")
    causes = [drift] * (steady.drift > headlines.DISTURBED_DRIFT) + [steal] * (
        steady.steal > headlines.DISTURBED_STEAL
    )
    if causes:
        return f"{passes} on a disturbed machine ({listed(causes)}): trust the ratios more than the times."
    return f"{passes} on a machine that held still ({drift})." if steady.drifting else f"{passes}."
