"""From a watched run to findings: what stderr says, what the probe knows, and which comes first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from diagnostics.facts import Facts
from diagnostics.findings import Finding, Remedy, Status, worst_first
from diagnostics.judge import Check, find_checks, judge
from diagnostics.quantities import counted, format_quantity
from diagnostics.traces.explaining import explain_trace
from diagnostics.traces.trace import read_trace
from diagnostics.watch.agreeing import SYMPTOMS, agreeing
from diagnostics.watch.failures import Failure, deciding, find_failures, is_elsewhere, unprinted
from diagnostics.watch.hangs import Hang
from diagnostics.watch.incidents import Incident, find_incidents, resource_lines
from diagnostics.watch.observing import Observed
from diagnostics.watch.run_facts import cause_of_death, run_facts

# What a log says when it does not hold the cause: a watched run that knows more goes before it.
VAGUE = {
    "unrecognised",
    "worker-exited-unknown",
    "hang-in-worker",
    "worker-startup-secondary",
    "shutdown-noise",
    "iterator-inherited-by-fork",
}
ELSEWHERE = "not-dataloader"
SUDDEN = {  # what ends a run, or keeps it from ending, whatever its log says
    "worker-oom-killed",
    "worker-segfault",
    "worker-aborted",
    "worker-exited-unknown",
    "hang-in-worker",
    "hang-fork-threads",
}
OVERRIDING = SUDDEN | {"ddp-loader-imbalance"}  # the log of which tells of another failure
RESOURCE_SLUGS = {"shm-exhausted", "shm-open-failed", "fd-exhausted", "mmap-count-limit"}
DEADLY = SUDDEN | RESOURCE_SLUGS | {"missing-main-guard", "class-not-importable-in-worker"}
OF_TIME = "run.loop_seconds"
HANGS = {"hang-in-worker", "hang-fork-threads"}
ECHOES = {  # what a log shows of it, where it ended the run
    "iterable-length-mismatch": "loader-api-misuse",
    "fork-shared-handle": "dataset-exception",
}
KINDS = {  # the kind of incident that a finding tells of
    "silent-truncation": ("stopped",),
    "hang-in-worker": ("hung",),
    "hang-fork-threads": ("hung",),
    "worker-timeout": ("hung", "unfinished"),
    "iterable-dup-workers": (),
    "duplicate-worker-rng": (),
    "ddp-loader-imbalance": (),
    ELSEWHERE: (),
}


SILENT_EXIT = "The command ended with exit code {} and printed no error; no DataLoader failed that was seen."
OUTLIVED = "{} The program caught it and went on: nothing else tells what is missing."
LOOK = Remedy(
    "Read what the command itself printed; where that says nothing, let Python tell how it ends.",
    ("python -X faulthandler train.py", "DataLoader(..., num_workers=0)  # a debugger works there"),
)


@dataclass(frozen=True)
class Diagnosis:
    """What a run came to.

    Attributes
    ----------
    findings : list of Finding
        The primary cause first.
    incidents : list of Incident
    facts : Facts
    has_failed : bool
        False too where the program chose its exit code, and nothing failed that was seen.
    """

    findings: list[Finding]
    incidents: list[Incident]
    facts: Facts
    has_failed: bool = False


@dataclass(frozen=True)
class _Story:
    """A run's exceptions in their order: what loops were given, and what ended processes."""

    observed: Observed
    incidents: Sequence[Incident]
    checks: Sequence[Check]

    @cached_property
    def failures(self) -> list[Failure]:
        return find_failures(self.observed.mains)

    @cached_property
    def decisive(self) -> list[Failure]:
        return deciding(self.failures, self.observed.endings)

    @cached_property
    def stderr(self) -> str:
        return self.observed.stderr.decode("utf-8", "replace")

    def explain(self, text: str) -> list[Finding]:
        return explain_trace(read_trace(text), self.checks)

    def tracebacks(self, failures: Sequence[Failure]) -> Iterator[str]:
        """Yield what the probe saw of what loops were given, by the reader and by who raised it."""
        yield from (one.traceback for one in failures)
        yield from (one.traceback for one in self.incidents if one.failure in failures)

    @property
    def text(self) -> str:
        """What the command printed, and the tracebacks of what ended it that were not."""
        told = [one.traceback for one in self.observed.endings]
        told += [one.traceback for one in self.incidents if one.kind in {"unsent", "left", "stopped"}]
        told += self.tracebacks(self.decisive if self.observed.has_failed else [])
        return "\n".join([self.stderr, *unprinted(told, self.stderr)])

    @property
    def is_elsewhere(self) -> bool:
        return is_elsewhere(self.failures, self.observed.endings)

    def ended_by(self) -> list[Finding]:
        """Return what the exception that ended the first process says, whatever was printed before it."""
        first = next(one for one in self.observed.endings if one.error)
        return self.explain(first.traceback)[:1]

    def outlived(self) -> list[Finding]:
        """Return the causes of what loops were given and the program went on after."""
        fatal = self.decisive if self.observed.has_failed else []
        lived = [one for one in self.failures if one not in fatal]
        found = self.explain("\n".join(unprinted(self.tracebacks(lived), ""))) if lived else []
        count = f"{counted(len(lived), 'such error')} in this run, after which it went on"
        return [
            replace(one, summary=OUTLIVED.format(one.summary), evidence=(*one.evidence, count))
            for one in found
            if one.status == Status.FAIL and one.slug not in VAGUE | {ELSEWHERE}
        ]


def _log_findings(story: _Story) -> list[Finding]:
    observed = story.observed
    outlived = story.outlived()
    if not observed.has_failed:
        return [*outlived, *(one for one in story.explain(story.stderr) if one.status == Status.WARN)]
    found = story.explain(story.text)
    if observed.was_interrupted:
        return [one for one in found if one.slug not in VAGUE | {ELSEWHERE}]
    if observed.has_exited:
        return [one for one in found if one.slug != "unrecognised"]
    if story.is_elsewhere and found[0].slug != ELSEWHERE:
        ending = story.ended_by()
        found = [*ending, *(one for one in found if one.slug not in {ending[0].slug, "unrecognised"})]
    return [*found, *(one for one in outlived if one.slug not in {other.slug for other in found})]


def _run_findings(facts: Facts, checks: Sequence[Check]) -> list[Finding]:
    judged = judge(facts, [check for check in checks if check.is_of_run])
    return [one for one in judged if one.status in {Status.FAIL, Status.WARN, Status.CRASHED}]


def _merged(log: Finding, run: Finding) -> Finding:
    """Return one finding of two with the same slug: the log's lines, then what the probe knows."""
    evidence = tuple(dict.fromkeys((*log.evidence, *run.evidence)))
    return replace(run, evidence=evidence, confidence="certain")


def _in_order(log: list[Finding], run: list[Finding]) -> list[Finding]:
    """Put the cause first; what only echoes it is left out."""
    ended = next((one for one in run if one.slug == ELSEWHERE), None)
    if ended is not None and log and log[0].status != Status.FAIL:  # noise of an end, or nothing
        log = [ended, *(one for one in log if one.slug != "unrecognised")]
    run = [one for one in run if one.slug != ELSEWHERE]
    by_slug = {one.slug: one for one in run}
    told = [_merged(one, by_slug[one.slug]) if one.slug in by_slug else one for one in log]
    rest = [one for one in run if one.slug not in {other.slug for other in told}]
    sudden = [one for one in (*told, *rest) if one.slug in OVERRIDING and one.slug in by_slug]
    fatal = [
        one for one in rest if one.status == Status.FAIL and told and ECHOES.get(one.slug) == told[0].slug
    ]
    if fatal:
        return [*fatal, *told]
    is_vague = not told or told[0].slug in VAGUE | {ELSEWHERE}
    if sudden and is_vague:
        first = [one for one in sudden if one.status == Status.FAIL][:1] or sudden[:1]
        known = [one for one in (*told, *rest) if one not in first and one.slug not in VAGUE | {ELSEWHERE}]
        return [*first, *known]
    failing = [one for one in rest if one.status == Status.FAIL and one.slug not in OVERRIDING]
    if is_vague and failing and told and told[0].slug in VAGUE:
        told = [one for one in told if one.slug not in VAGUE]
    return [*told, *worst_first(one for one in rest if one.slug not in OVERRIDING)]


def _incident_of(finding: Finding, story: _Story) -> Incident | None:
    """Return the incident that a finding tells of."""
    incidents, death = story.incidents, cause_of_death(story.incidents)
    if finding.slug in DEADLY and death is not None:
        return next((one for one in incidents if one.kind == "left" and one.pid == death.pid), death)
    is_remark = finding.status != Status.FAIL
    for kind in KINDS.get(finding.slug, () if is_remark else ("unsent", "raised")):
        fitting = [one for one in incidents if one.kind == kind and (kind != "raised" or one.failure)]
        if fitting:
            return max(fitting, key=lambda one: _fit(one, finding, story))
    return None


def _fit(incident: Incident, finding: Finding, story: _Story) -> tuple[bool, ...]:
    """Return how well an incident fits a finding: by its exception, by what ended the run, by its worker."""
    name = incident.error.rpartition(".")[2]
    is_named = any(name in line for line in finding.evidence)
    is_printed = f"worker process {incident.worker}." in story.stderr
    return is_named, incident.failure in story.decisive, is_printed


def _resources(observed: Observed, incident: Incident | None) -> Iterator[str]:
    """Yield how full things were at the first failure: in the worker that told of it, then in the reader."""
    if incident is not None and incident.worker is not None and incident.kind in {"raised", "unsent"}:
        yield from resource_lines(incident.resources, f"worker {incident.worker}")
    for main in observed.mains:
        for event in main.having("died", "failed"):
            yield from resource_lines(event.get("resources", {}))
            return


def _with_incident(finding: Finding, story: _Story) -> Finding:
    observed, incident = story.observed, _incident_of(finding, story)
    lines = [incident.sentence, *incident.odd_sentences] if incident else []
    if incident is not None and incident.failure is not None:
        lines.append(incident.failure.sentence)
    is_explained = incident is not None and incident.kind == "left" and bool(incident.error)
    if finding.slug in SUDDEN | RESOURCE_SLUGS and not is_explained:
        lines.extend(_resources(observed, incident))
    if finding.slug == "worker-oom-killed" and observed.num_oom_kills is not None:
        lines.append(f"kills by the kernel in this control group meanwhile: {observed.num_oom_kills}")
    evidence = tuple(dict.fromkeys((*lines, *finding.evidence)))
    return replace(finding, evidence=evidence, details=incident.details if incident else {})


def _for_a_run(finding: Finding, observed: Observed) -> Finding:
    """Leave out of what is not recognised that one should do what has just been done."""
    if finding.slug != "unrecognised":
        return finding
    said = finding.summary if observed.stderr.strip() else SILENT_EXIT.format(observed.exit_code)
    return replace(finding, summary=said, remedy=LOOK)


def _with_stacks(finding: Finding, hang: Hang | None) -> Finding:
    """Add to the first cause where each process stands, and since when, unless it is told already."""
    if hang is None:
        return finding
    evidence, stack = finding.evidence, hang.stack_of(hang.main)
    if finding.slug not in HANGS | {ELSEWHERE}:
        where = f"; the main process stands at {stack.place}" if stack else ""
        evidence += (f"nothing has moved for {format_quantity(hang.seconds, 'seconds')}{where}",)
    return replace(finding, evidence=evidence, details={**finding.details, "stacks": hang.stack_rows})


def diagnose(observed: Observed, checks: Sequence[Check] | None = None) -> Diagnosis:
    """Judge a run that has ended, or that hangs.

    Parameters
    ----------
    observed : Observed
    checks : sequence of Check, optional
        All of `find_checks()` if left out.
    """
    asked = find_checks() if checks is None else checks
    incidents = find_incidents(observed)
    facts = run_facts(observed, incidents)
    is_hang = observed.hang is not None or not any(main.loaders for main in observed.mains)
    of_log = [one for one in asked if is_hang or one.slug not in HANGS]  # an interrupt looks like one
    story = _Story(observed, incidents, of_log)
    log = _log_findings(story)
    has_failed = observed.has_failed and not (
        observed.has_exited and all(one.status != Status.FAIL for one in log)
    )
    judged = _run_findings(facts, asked)
    ordered = _in_order(log, judged)
    if not has_failed:  # what the log remarks on is no cause: what harms the data comes before it
        ordered.sort(key=lambda one: (one.status.rank, one.slug in SYMPTOMS))
        timed = {check.slug for check in asked if OF_TIME in check.needs}
        ordered = agreeing(ordered, timed & {one.slug for one in judged})
    kept = [one for one in ordered if one.status != Status.WARN or not has_failed or one in ordered[:1]]
    findings = [_for_a_run(_with_incident(one, story), observed) for one in (kept if has_failed else ordered)]
    findings[:1] = [_with_stacks(one, observed.hang) for one in findings[:1]]
    return Diagnosis(findings, incidents, facts, has_failed)
