"""The report of ``advisor check``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace

from advisor.model.check import CheckTold, FindingTold
from advisor.render.blocks import Block, Items, Section, Text, clean
from advisor.render.document import render_sections

from .check import Report
from .findings import Finding

PAGE = "docs/findings/{code}.md"


def render_report(report: Report, form: str, *, color: bool = False, width: int = 88) -> str:
    """What a check found, as ``text``, ``markdown``, ``html`` or ``json``."""
    if form == "json":
        return _told(report).model_dump_json(indent=2) + "\n"
    sections = [Section("Check", [Text(summary(report)), *_skipped(report)])]
    by_code: dict[str, list[Finding]] = {}
    for finding in report.findings:
        by_code.setdefault(finding.code, []).append(finding)
    for code, findings in sorted(by_code.items()):
        told = (replace(finding.problem, code="") for finding in findings)
        lines = tuple((clean(str(problem)), ()) for problem in told)
        page = Text(f"What it means and how to mend it: advisor check --explain {code}")
        sections.append(Section(f"{code}: {findings[0].title}", [Items(lines), page]))
    return render_sections(sections, form, color=color, width=width)


def summary(report: Report) -> str:
    """The outcome in a sentence or two."""
    count = len(report.findings)
    text = f"{count:,} finding{'s' * (count != 1)}." if count else "Nothing found."
    if report.rules:
        looked = f"{report.rules:,} rules with {report.examples:,} examples"
        people = f" and {report.profiles:,} profiles" if report.profiles else ""
        text += f" Looked at {looked}{people}; ages count to {report.today}."
    if report.exempted:
        text += f" {len(report.exempted):,} more are exempted in knowledge/exemptions.yaml."
    return text


def _skipped(report: Report) -> Iterator[Block]:
    for what in report.skipped:
        yield Text(f"Not looked at: {what}.")


def _told(report: Report) -> CheckTold:
    return CheckTold(
        findings=tuple(map(_finding, report.findings)),
        exempted=tuple(map(_finding, report.exempted)),
        today=report.today,
        rules=report.rules,
        examples=report.examples,
        profiles=report.profiles,
        skipped=report.skipped,
    )


def _finding(finding: Finding) -> FindingTold:
    page = PAGE.format(code=finding.code)
    own = asdict(finding.problem)
    return FindingTold(title=finding.title, subject=finding.subject, page=page, **own)
