"""The page: sections formatted by one template, with the policy that keeps it from asking for anything."""

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from reports import frames, privacy, sections, wording
from reports.glossary import TERMS, Term
from reports.load import Run
from reports.parts import Drawn, Section, Table
from reports.report import Report, shown_findings
from reports.summaries import Summary

TEMPLATES = Path(__file__).parent / "templates"
GLYPHS = {"ok": "✓", "warn": "!", "fail": "✕", "unknown": "?", "crashed": "?", "not_applicable": "–"}
WORDS = {"not_applicable": "n/a"}
_MARKED = re.compile(r"`([^`]+)`|\*\*([^*]+)\*\*")


def content_security_policy(script: str) -> str:
    """Return the policy: this script, inline style, and nothing from anywhere."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


@cache
def _template():  # type: ignore[no-untyped-def]
    import jinja2
    import markupsafe

    def marked(text: str) -> markupsafe.Markup:
        """Escape a text, then show `code` and **strong** words as such."""
        escaped = str(markupsafe.escape(text))
        return markupsafe.Markup(
            _MARKED.sub(
                lambda m: f"<code>{m[1]}</code>" if m[1] else f"<strong>{m[2]}</strong>",
                escaped,
            )
        )

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {"marked": marked, "inline": markupsafe.Markup, "shorten": wording.shorten}
    return environment.get_template("page.html.j2")


def report_of(
    run: Run,
    title: str = "",
    others: Sequence[Summary] = (),
    companions: Mapping[str, dict[str, Any]] | None = None,
    notices: Sequence[str] = (),
) -> Report:
    """Return the material of the page about one run; an empty title leaves its choice to the kind of file."""
    title = title or ("Check-up of this machine" if frames.is_ours(run) else "Benchmark results")
    return Report(run, title, others, shown_findings(run), companions or {}, tuple(notices))


def left_out(run: Run, kinds: Iterable[str]) -> str:
    """Return what the reader is told about private words."""
    if run.is_private:
        return "Built with `--include-private`: this page may name hosts, users, paths and addresses."
    return privacy.banner(kinds)


def render(report: Report) -> str:
    """Return the page; equal input gives equal bytes."""
    with np.errstate(over="ignore"):  # an absurd file gives an infinite bound, and no warning
        built = sections.built(report)
    return formatted(report, built)


def formatted(
    report: Report,
    built: Sequence[Section],
    glyphs: Mapping[str, str] = GLYPHS,
    words: Mapping[str, str] = WORDS,
) -> str:
    """Return the page of these sections; `glyphs` and `words` tell what each status is called on it."""
    script = (TEMPLATES / "page.js").read_text(encoding="utf-8")
    return _template().render(
        report=report,
        sections=built,
        policy=content_security_policy(script),
        script=script,
        style=(TEMPLATES / "page.css").read_text(encoding="utf-8"),
        glyphs=glyphs,
        words=words,
        terms=TERMS,
        used_terms=_used_terms(built),
    )


def _used_terms(built: Sequence[Section]) -> list[Term]:
    """Return the terms that a heading of some table asks about, each once."""
    parts = [part for section in built for part in section.parts]
    tables = [part.table if isinstance(part, Drawn) else part for part in parts]
    columns = [name for table in tables if isinstance(table, Table) for name in table.columns]
    return list(dict.fromkeys(TERMS[name] for name in columns if name in TERMS))
