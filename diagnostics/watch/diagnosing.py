"""From a watched run to findings: what stderr says, what the probe knows, and which comes first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from diagnostics.facts import Facts
from diagnostics.findings import Finding, Status, worst_first
from diagnostics.judge import Check, find_checks, judge
from diagnostics.traces.explaining import explain_trace
from diagnostics.traces.trace import read_trace
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
SYMPTOMS = {"loader-bottleneck", "too-few-workers", "too-many-workers"}  # they name no cause by themselves
HANGS = {"hang-in-worker", "hang-fork-threads"}
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


@dataclass(frozen=True)
class Diagnosis:
    """What a run came to.

    Attributes
    ----------
    findings : list of Finding
        The primary cause first.
    incidents : list of Incident
    facts : Facts
    """

    findings: list[Finding]
    incidents: list[Incident]
    facts: Facts


def log_text(observed: Observed, incidents: Sequence[Incident]) -> str:
    """Return the command's stderr, and the tracebacks that the probe saw and that were not printed."""
    text = observed.stderr.decode("utf-8", "replace")
    for incident in incidents:
        last = incident.traceback.strip().rpartition("\n")[2]
        if last and last not in text:
            text += f"\n{incident.traceback}"
    return text


def _log_findings(
    observed: Observed, incidents: Sequence[Incident], checks: Sequence[Check]
) -> list[Finding]:
    has_failed = observed.has_failed
    if observed.hang is None and any(main.loaders for main in observed.mains):  # an interrupt looks like one
        checks = [check for check in checks if check.slug not in HANGS]
    found = explain_trace(read_trace(log_text(observed, incidents)), checks) if has_failed else []
    if not has_failed:
        remarks = explain_trace(read_trace(observed.stderr), checks)
        return [one for one in remarks if one.status == Status.WARN]
    if observed.was_interrupted:
        return [one for one in found if one.slug not in VAGUE | {ELSEWHERE}]
    return found


def _run_findings(facts: Facts, checks: Sequence[Check]) -> list[Finding]:
    judged = judge(facts, [check for check in checks if check.is_of_run])
    return [one for one in judged if one.status in {Status.FAIL, Status.WARN, Status.CRASHED}]


def _merged(log: Finding, run: Finding) -> Finding:
    """Return one finding of two with the same slug: the log's lines, then what the probe knows."""
    evidence = tuple(dict.fromkeys((*log.evidence, *run.evidence)))
    return replace(run, evidence=evidence, confidence="certain")


def _in_order(log: list[Finding], run: list[Finding]) -> list[Finding]:
    """Put the cause first; what only echoes it is left out."""
    by_slug = {one.slug: one for one in run}
    told = [_merged(one, by_slug[one.slug]) if one.slug in by_slug else one for one in log]
    rest = [one for one in run if one.slug not in {other.slug for other in told}]
    sudden = [one for one in (*told, *rest) if one.slug in OVERRIDING and one.slug in by_slug]
    is_vague = not told or told[0].slug in VAGUE | {ELSEWHERE}
    if sudden and is_vague:
        first = [one for one in sudden if one.status == Status.FAIL][:1] or sudden[:1]
        known = [one for one in (*told, *rest) if one not in first and one.slug not in VAGUE | {ELSEWHERE}]
        return [*first, *known]
    failing = [one for one in rest if one.status == Status.FAIL and one.slug not in OVERRIDING]
    if is_vague and failing and told and told[0].slug in VAGUE:
        told = [one for one in told if one.slug not in VAGUE]
    return [*told, *worst_first(one for one in rest if one.slug not in OVERRIDING)]


def _incident_of(finding: Finding, incidents: Sequence[Incident], text: str) -> Incident | None:
    """Return the incident that a finding tells of."""
    death = cause_of_death(incidents)
    if finding.slug in DEADLY and death is not None:
        return next((one for one in incidents if one.kind == "left" and one.pid == death.pid), death)
    for kind in KINDS.get(finding.slug, ("unsent", "raised")):
        fitting = [one for one in incidents if one.kind == kind]
        named = [one for one in fitting if f"worker process {one.worker}." in text]
        if fitting:
            return (named or fitting)[0]
    return None


def _resources(observed: Observed, incident: Incident | None) -> Iterator[str]:
    """Yield how full things were at the first failure: in the worker that told of it, then in the reader."""
    if incident is not None and incident.worker is not None and incident.kind in {"raised", "unsent"}:
        yield from resource_lines(incident.resources, f"worker {incident.worker}")
    for main in observed.mains:
        for event in main.having("died", "failed"):
            yield from resource_lines(event.get("resources", {}))
            return


def _with_incident(finding: Finding, observed: Observed, incidents: Sequence[Incident]) -> Finding:
    incident = _incident_of(finding, incidents, observed.stderr.decode("utf-8", "replace"))
    lines = [incident.sentence] if incident else []
    if finding.slug in SUDDEN | RESOURCE_SLUGS:
        lines.extend(_resources(observed, incident))
    if finding.slug == "worker-oom-killed" and observed.num_oom_kills is not None:
        lines.append(f"kills by the kernel in this control group meanwhile: {observed.num_oom_kills}")
    evidence = tuple(dict.fromkeys((*lines, *finding.evidence)))
    return replace(finding, evidence=evidence, details=incident.details if incident else {})


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
    ordered = _in_order(_log_findings(observed, incidents, asked), _run_findings(facts, asked))
    has_failed = observed.has_failed
    if not has_failed:  # what the log remarks on is no cause: what harms the data comes before it
        ordered.sort(key=lambda one: (one.status.rank, one.slug in SYMPTOMS))
    kept = [one for one in ordered if one.status != Status.WARN or not has_failed or one in ordered[:1]]
    findings = [_with_incident(one, observed, incidents) for one in (kept if has_failed else ordered)]
    if findings and findings[0].slug == "unrecognised" and not observed.stderr.strip():
        findings[0] = replace(findings[0], summary=SILENT_EXIT.format(observed.exit_code))
    return Diagnosis(findings, incidents, facts)
