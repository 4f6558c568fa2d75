"""Terms of the page, each said once: behind the question mark of a heading, and in the section on reading."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Term:
    """One term: its name, what it means, and whether only torch-checkup's own files speak of it."""

    anchor: str
    name: str
    meaning: str
    is_ours: bool = False


MEDIAN = Term(
    "median", "Median", "Half of the values are below, half above: one slow outlier does not move it."
)
SPREAD = Term(
    "spread",
    "Spread",
    "The slowest value minus the fastest, over the median. Rounds of one run share the state of the machine: "
    "their spread says little about the next run.",
)
PASS = Term(
    "pass",
    "Pass",
    "The whole grid is measured several times over. Single passes that lie far apart mean that the "
    "machine was busy with something else.",
    is_ours=True,
)
INTERVAL = Term(
    "interval",
    "95 % interval",
    "If the run were repeated many times under the same conditions, 19 of 20 such intervals would hold the "
    "true value. Two settings whose intervals overlap widely may be equal. With three passes intervals are "
    "wide: `--passes 7` narrows them.",
    is_ours=True,
)
THROUGHPUT = Term(
    "throughput",
    "Samples per second",
    "How many training examples the loader delivers. Compare it with what your training step consumes: "
    "loading that is faster than the step costs nothing.",
    is_ours=True,
)
ROOF = Term(
    "roof",
    "Roof",
    "The speed of a plain copy of the same tensor, timed in turns with the layer: no layer that must read "
    "and write it can be faster for long.",
    is_ours=True,
)
PSS = Term(
    "pss",
    "PSS",
    "Proportional set size: a process' own memory, and its share of what it shares with others. The sum over "
    "processes is what they really take; the RSS that most tools show counts shared memory again and again.",
    is_ours=True,
)
SEED = Term(
    "seed",
    "Seed",
    "Training starts from random weights. A study repeats it from several seeds, so that luck can be told "
    "from effect.",
    is_ours=True,
)
GAP = Term(
    "gap",
    "Generalization gap",
    "Training minus test accuracy. What the network got right only because it had seen it.",
    is_ours=True,
)
READING = (MEDIAN, SPREAD, PASS, INTERVAL, THROUGHPUT, ROOF, PSS, SEED, GAP)

TERMS = {
    "median": MEDIAN,
    "spread": SPREAD,
    "pass": PASS,
    "passes": PASS,
    "values": PASS,
    "95 % interval": INTERVAL,
    "samples/s": THROUGHPUT,
    "share of the roof, %": ROOF,
    "PSS per worker, MiB": PSS,
    "seeds": SEED,
}
