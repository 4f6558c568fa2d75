"""Gather: run every probe and trial and keep what they say; what fails leaves its facts out, and a note."""

import getpass
import json
import math
import pkgutil
import re
import socket
import sys
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any

from diagnostics import probes, trials
from diagnostics.cgroups import memory_room_bytes
from diagnostics.children import Outcome, run_child
from diagnostics.facts import Fact, Facts, from_document
from diagnostics.reaper import reaped
from diagnostics.sources import attempt
from diagnostics.watch.folder import private_folder

# torch imports in 2 to 4 s here, and in most of a minute from a cold network file system.
TRIAL_TIME_LIMIT_SECONDS = 60.0
REASON_CHARACTERS = 200
# A socket in a folder of ours inside the user's temporary folder has a path 49 bytes longer than that one's,
# in the user's own 32; 103 bytes are allowed. In between, ours would fail where the user's does not.
LENGTHS_IN_BETWEEN = range(55, 72)
TORCH_PROBLEM = "trial.torch_import_problem"
BRIEF_TRIALS = frozenset({"torch_build", "intra_op_threads"})  # a few seconds; what result files hold

Probe = Callable[[Path], Facts]


@dataclass(frozen=True)
class Gathered:
    """What is known of a machine, and what could not be learnt.

    Attributes
    ----------
    facts : dict of str to Fact
    notes : list of str
        One sentence for each probe or trial that failed.
    """

    facts: Facts = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def find_probes(include_private: bool = False) -> dict[str, Probe]:
    """Return the `read` functions of the probes by name; those marked PRIVATE only when asked for."""
    found = {}
    for entry in pkgutil.iter_modules(probes.__path__):
        module = import_module(f"{probes.__name__}.{entry.name}")
        if include_private or not getattr(module, "PRIVATE", False):
            found[entry.name] = module.read
    return found


def find_trials(only: Collection[str] | None = None) -> list[Path]:
    """Return the files of the trials, or of some: first torch's own word, then what is measured."""
    files = Path(trials.__path__[0]).glob("[a-z]*.py")
    found = sorted(files, key=lambda path: (path.stem != "torch_build", path.stem))
    return [path for path in found if only is None or path.stem in only]


def _of_trial(path: Path, name: str, otherwise: Any) -> Any:
    """Return a constant of a trial's file; trials import nothing but the standard library at their top."""
    module_name = f"{trials.__name__}.{path.stem}"
    is_ours = path.parent == Path(trials.__path__[0])
    return getattr(import_module(module_name), name, otherwise) if is_ours else otherwise


def limit_of(path: Path) -> float:
    """Return a trial's own time limit in seconds, or the common one."""
    return float(_of_trial(path, "TIME_LIMIT_SECONDS", TRIAL_TIME_LIMIT_SECONDS))


def read_probe(name: str, read: Probe, root: Path) -> Gathered:
    """Run one probe; an exception of any kind becomes a note."""
    try:
        return Gathered(read(root))
    except Exception as error:
        return Gathered(notes=[f"probe {name}: {error or type(error).__name__}"])


def read_probes(found: Mapping[str, Probe], root: Path) -> Gathered:
    """Run probes side by side, since some only wait, and merge what they return in the given order."""

    def one(name: str) -> Gathered:
        return read_probe(name, found[name], root)

    with suppress(RuntimeError), ThreadPoolExecutor(max_workers=len(found) or 1) as pool:
        return _merged(pool.map(one, found))
    return _merged(map(one, found))  # no thread may be started: the limit on processes is reached


@contextmanager
def temporary_folder() -> Iterator[dict[str, str]]:
    """Give the trials a temporary folder that goes when they do: one that is killed cannot tidy up.

    Yields
    ------
    dict
        Variables for the trials; without the folder where the user's own leaves no room for one inside.
    """
    users = attempt(tempfile.gettempdir)
    if sys.platform == "win32":
        yield {}
        return
    if not users or len(users) in LENGTHS_IN_BETWEEN:
        with reaped(None) as mark:
            yield mark
        return
    with private_folder() as folder, reaped(folder) as mark:
        yield {"TMPDIR": str(folder), "TRIAL_TMPDIR": users, **mark}


def run_trial(
    path: Path,
    python: str,
    time_limit_seconds: float = TRIAL_TIME_LIMIT_SECONDS,
    variables: Mapping[str, str] = MappingProxyType({}),
) -> Gathered:
    """Run one trial in a child under `python` and parse the facts that it prints.

    Parameters
    ----------
    path : Path
        A file that prints, as its last JSON line, `{"facts": {...}}`; besides,
        `"pairs": {key: {"numerator", "denominator"}}`, which become `key` and bounds.
    python : str
        The interpreter, a path or a name on PATH.
    time_limit_seconds : float
        The whole process tree is killed then.
    variables : mapping of str to str
        Of its environment, beside those of this process.

    Returns
    -------
    Gathered
        Never an exception: a trial that cannot start, dies, hangs or prints no facts gives a note.
    """
    try:
        outcome = run_child([python, str(path)], time_limit_seconds, variables)
    except OSError as error:
        return Gathered(notes=[f"trial {path.stem}: {python} cannot be started ({error.strerror})"])
    document = parse_trial(outcome.stdout)
    if document is None:
        return Gathered(notes=[f"trial {path.stem}: {_why_silent(outcome, time_limit_seconds)}"])
    cut_off = outcome.returncode is None or outcome.returncode < 0
    notes = [f"trial {path.stem}: {_how_ended(outcome, time_limit_seconds)} half-way"] if cut_off else []
    return Gathered(from_document(document["facts"]) | ratio_facts(document.get("pairs")), notes)


def run_trials(paths: Sequence[Path], python: str) -> list[Gathered]:
    """Run trials one after another; those that need torch only where it can be imported.

    The first, which times nothing but the import of torch, runs while scipy is imported here.
    """
    room = memory_room_bytes(Path("/"))
    with temporary_folder() as folder:
        variables = folder if room is None else {**folder, "TRIAL_ROOM_BYTES": str(room)}

        def run(path: Path) -> Gathered:
            return run_trial(path, python, limit_of(path), variables)

        with ThreadPoolExecutor(max_workers=1) as pool:
            with suppress(RuntimeError):  # no thread may be started; it is imported when it is needed
                pool.submit(import_module, "diagnostics.intervals")
            build = [run(path) for path in paths[:1]]
        problems = [part.facts[TORCH_PROBLEM].value for part in build if TORCH_PROBLEM in part.facts]
        wanted = [
            path for path in paths[1:] if not any(problems) or not _of_trial(path, "NEEDS_TORCH", False)
        ]
        return build + [run(path) for path in wanted]


def parse_trial(stdout: str) -> dict[str, Any] | None:
    """Return the last line that is a JSON object of ours; sitecustomize and libraries print lines as well."""
    for line in reversed(stdout.splitlines()):
        document = attempt(lambda line=line: json.loads(line))  # type: ignore[misc]
        if isinstance(document, dict) and "facts" in document:
            return document
    return None


def _how_ended(outcome: Outcome, time_limit_seconds: float) -> str:
    if outcome.returncode is None:
        return f"killed after {time_limit_seconds:g} s"
    if outcome.returncode < 0:
        return f"died of signal {-outcome.returncode}"
    return f"ended with {outcome.returncode}"


def _why_silent(outcome: Outcome, time_limit_seconds: float) -> str:
    how = _how_ended(outcome, time_limit_seconds)
    if outcome.returncode is None:
        return f"{how} without an answer"
    last_words = (outcome.stderr.strip().splitlines() or ["nothing on stderr"])[-1][:REASON_CHARACTERS]
    return f"{how} without printing facts ({last_words})"


def ratio_facts(pairs: object) -> Facts:
    """Return each ratio with its 95 % interval as facts; None where nothing was compared.

    Parameters
    ----------
    pairs : mapping of fact key to {"numerator", "denominator"}, lists of the same length
        Keys end in `_ratio`; the bounds are called `..._low_ratio` and `..._high_ratio`.
    """
    from diagnostics.intervals import ratio_interval

    facts: Facts = {}
    for key, pair in pairs.items() if isinstance(pairs, Mapping) else ():
        interval = ratio_interval(pair["numerator"], pair["denominator"])
        bounds = {"": interval.estimate, "_low": interval.low, "_high": interval.high}
        for side, value in bounds.items():
            bound = value if math.isfinite(value) else None
            source = f"{interval.num_values} pairs, 95 % interval"
            facts[key.removesuffix("_ratio") + side + "_ratio"] = Fact(bound, "ratio", source)
    return facts


def _merged(parts: Iterable[Gathered]) -> Gathered:
    merged = Gathered()
    for part in parts:
        merged.facts.update(part.facts)
        merged.notes.extend(part.notes)
    return merged


def without_interpreter(gathered: Gathered) -> Gathered:
    """Leave out what probes say of the interpreter that runs us: the trials run another."""
    of_ours = ("torch.", "python.", "process.")
    facts = {key: fact for key, fact in gathered.facts.items() if not key.startswith(of_ours)}
    return Gathered(facts, gathered.notes)


def nameless(key: str, fact: Fact) -> Fact:
    """Take names out of what an exception said; every other fact is made without them."""
    is_said = key.endswith("_problem") and isinstance(fact.value, str)
    return replace(fact, value=without_names(fact.value)) if is_said else fact


def without_names(text: str) -> str:
    """Take the home folder, the user's name and the host's name out of a text."""
    if (home := attempt(Path.home)) and len(home.parts) > 1:
        text = text.replace(str(home), "~")
    for read, stand_in in ((getpass.getuser, "<user>"), (socket.gethostname, "<host>")):
        if name := attempt(read):
            text = re.sub(rf"(?<![\w-]){re.escape(name)}(?![\w-])", stand_in, text)
    return text


def gather(
    root: Path = Path("/"),
    quick: bool = False,
    python: str = sys.executable,
    include_private: bool = False,
    only: Collection[str] | None = None,
) -> Gathered:
    """Learn what can be learnt of this machine without changing it.

    Parameters
    ----------
    root : Path
        Where /proc, /sys and /dev are looked for.
    quick : bool
        Passive facts only, well under a second; without it the trials run as well.
    python : str
        The interpreter whose torch the trials measure.
    include_private : bool
        Keep host and user name.
    only : collection of str, optional
        Names of the trials to run; all by default.

    Returns
    -------
    Gathered
        A later source wins: what a trial says of its own interpreter replaces what was read here.
    """
    parts = [read_probes(find_probes(include_private), root)]
    if python != sys.executable:
        parts = [without_interpreter(part) for part in parts]
    if not quick:
        parts.extend(run_trials(find_trials(only), python))
    merged = _merged(parts)
    if include_private:
        return merged
    facts = {key: nameless(key, fact) for key, fact in merged.facts.items()}
    return Gathered(facts, [without_names(note) for note in merged.notes])
