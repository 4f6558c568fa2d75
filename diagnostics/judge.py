"""Judge: facts in, findings out; and what a check is. Nothing here touches the world."""

import pkgutil
import re
import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import PurePath
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING, Any

from diagnostics import checks as checks_package
from diagnostics.facts import Fact
from diagnostics.findings import Finding, Status, Verdict, worst_first
from diagnostics.pages import page_of

if TYPE_CHECKING:
    from diagnostics.traces.recognition import Recognition
    from diagnostics.traces.trace import Trace

NUMERIC_UNITS = ("bytes", "cores", "count", "fraction", "hertz", "ratio", "seconds", "watts")
LARGEST = 2**64
RUN_SOURCE = "run."  # facts of a watched command; no machine has them
_HEADING = re.compile(r"^(?P<heading>[A-Z][\w ]+)\n-{3,}$", re.MULTILINE)


@dataclass(frozen=True)
class Check:
    """A diagnosis, as its module in `diagnostics/checks/` defines it; ARCHITECTURE.md says what each is."""

    code: str
    slug: str
    title: str
    needs: tuple[str, ...] = ()
    judge: Callable[[Mapping[str, Any]], Verdict] | None = None
    page: str = ""
    fires: Mapping[str, Any] = field(default_factory=dict)
    silent: Mapping[str, Any] = field(default_factory=dict)
    recognise: Callable[["Trace"], "Recognition | None"] | None = None
    log_fires: tuple[str, ...] = ()
    log_silent: tuple[str, ...] = ()

    @property
    def is_of_run(self) -> bool:
        """Whether it judges a command that was watched, and says nothing of machines."""
        return any(key.startswith(RUN_SOURCE) for key in self.needs)

    @property
    def sections(self) -> dict[str, str]:
        """The page by heading; the line above the first heading is under ""."""
        parts = _HEADING.split(self.page)
        return {"": parts[0].strip()} | {
            heading: text.strip() for heading, text in zip(parts[1::2], parts[2::2], strict=True)
        }


def _machine_face(module: ModuleType) -> dict[str, Any]:
    """Return what a check says of a machine; all of it is there or none."""
    if not hasattr(module, "judge"):
        return {}
    return {
        "needs": tuple(module.NEEDS),
        "judge": module.judge,
        "fires": module.FIRES,
        "silent": module.SILENT,
    }


def _log_face(module: ModuleType) -> dict[str, Any]:
    """Return what a check says of a log; all of it is there or none."""
    if not hasattr(module, "recognise"):
        return {}
    return {
        "recognise": module.recognise,
        "log_fires": tuple(module.LOG_FIRES),
        "log_silent": tuple(module.LOG_SILENT),
    }


def _from_module(module: ModuleType) -> Check:
    return Check(
        code=module.CODE,
        slug=module.SLUG,
        title=module.TITLE,
        page=page_of(module),
        **_machine_face(module),
        **_log_face(module),
    )


def _load(name: str) -> Check:
    """Return the check in a file; one that cannot be loaded crashes when judged and not before."""
    try:
        return _from_module(import_module(f"{checks_package.__name__}.{name}"))
    except Exception as error:
        problem = error

    def judge(facts: Mapping[str, Any]) -> Verdict:
        raise problem

    return Check("??", name.replace("_", "-"), "The check cannot be loaded", judge=judge)


def find_checks() -> list[Check]:
    """Return every check in `diagnostics/checks/`, by code."""
    names = (entry.name for entry in pkgutil.iter_modules(checks_package.__path__))
    return sorted(map(_load, names), key=lambda check: check.code)


def is_readable(key: str, value: object) -> bool:
    """Tell whether a value can be what its key's unit promises: None, or a number from 0 to 2 to the 64th.

    Facts come from files as well: a negative size or a word in place of a number counts as not read.
    """
    if value is None or not key.endswith(tuple(f"_{unit}" for unit in NUMERIC_UNITS)):
        return True
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and 0 <= value <= LARGEST  # type: ignore[operator]


def _unknown(check: Check, missing: list[str]) -> Finding:
    more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
    summary = f"Left open, for want of {missing[0]}{more}."
    evidence = tuple(f"{key}: not read" for key in missing)
    return Finding(check.code, check.slug, Status.UNKNOWN, check.title, summary, evidence)


def crashed(check: Check, error: Exception) -> Finding:
    """Return the finding of a check that raised."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{PurePath(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "an unknown place"
    summary = f"This check crashed, which is a fault of torch-checkup: {type(error).__name__}: {error}"
    return Finding(check.code, check.slug, Status.CRASHED, check.title, summary, (f"raised at {place}",))


def judge_one(check: Check, facts: Mapping[str, Fact]) -> Finding:
    """Hand one check the facts that it needs and only those; a missing one gives `unknown`."""
    if check.judge is None:
        raise ValueError(f"{check.slug} says nothing of machines")
    missing = [key for key in check.needs if key not in facts or not is_readable(key, facts[key].value)]
    if missing:
        return _unknown(check, missing)
    try:
        verdict = check.judge(MappingProxyType({key: facts[key].value for key in check.needs}))
        return Finding(
            check.code,
            check.slug,
            verdict.status,
            check.title,
            verdict.summary,
            verdict.evidence,
            verdict.remedy,
            verdict.confidence,
        )
    except Exception as error:
        return crashed(check, error)


def judge(facts: Mapping[str, Fact], checks: Iterable[Check] | None = None) -> list[Finding]:
    """Judge facts, from this machine or read back from a result file.

    Parameters
    ----------
    facts : mapping of str to Fact
    checks : iterable of Check, optional
        All of `find_checks()` that judge machines if left out; those without `judge` are passed over.

    Returns
    -------
    list of Finding
        One a check, worst first. Facts are not changed, and the same facts give the same findings.
    """
    asked = [one for one in find_checks() if not one.is_of_run] if checks is None else checks
    return worst_first(judge_one(check, facts) for check in asked if check.judge is not None)
