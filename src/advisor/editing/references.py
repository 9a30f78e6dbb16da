"""What names something, and what nothing names."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator
from functools import cache
from pathlib import Path

import advisor
from advisor.consult.claim_uses import claim_uses
from advisor.errors import nearest
from advisor.knowledge import Knowledge, kinds
from advisor.knowledge.guide import GuideKnowledge
from advisor.knowledge.places import PLACE
from advisor.knowledge.tables import read_rows
from advisor.rulebase import RuleBase
from advisor.rulebase.finding import finding
from advisor.rulebase.named import named
from advisor.yamlplain import Path_

from .findings import Finding

SKIPPED = ("sources.yaml", "exemptions.yaml")


def citation_findings(rulebase: RuleBase, knowledge: Knowledge) -> Iterator[Finding]:
    """Findings K201: citations and dissents of rules that lead nowhere."""
    tables: dict[str, Collection[str]] = {
        "claim": knowledge.claims,
        "erratum": knowledge.errata,
        "source": knowledge.sources,
    }
    every = [f"{kind}.{id}" for kind, ids in tables.items() for id in ids]
    for rule in rulebase.rules:
        cites: list[tuple[Path_, str]] = [
            (("cites", index), cite) for index, cite in enumerate(rule.cites)
        ]
        if rule.dissent:
            cites.append((("dissent",), f"erratum.{rule.dissent}"))
        for at, cite in cites:
            kind, _, id = cite.partition(".")
            if id not in tables.get(kind, ()):
                problem = finding(
                    rule,
                    at,
                    "K201",
                    "this citation leads nowhere",
                    found=cite,
                    accepted="claim.ID, erratum.ID or source.ID of knowledge/claims.yaml, "
                    "errata.yaml or sources.yaml",
                    nearest=nearest(cite, every),
                )
                yield Finding(problem, rule.code)


def unused_findings(rulebase: RuleBase, guide: GuideKnowledge) -> Iterator[Finding]:
    """Findings K204 to K206: claims, sources and parameters that nothing names."""
    used = claim_uses(rulebase.rules, guide, guide.guide)
    for claim in read_rows(kinds.CLAIMS, guide.folders):
        if claim.entry.id not in used and not claim.entry.erratum:
            problem = claim.problem(
                "no rule, parameter, build or answer uses this claim, and no erratum corrects it",
                "id",
                found=claim.entry.id,
                accepted=f"claim.{claim.entry.id} under cites of a rule, or an erratum",
                code="K204",
            )
            yield Finding(problem, claim.entry.id)
    text = _written(guide.folders)
    cited = {cite.partition(".")[2] for rule in rulebase.rules for cite in rule.cites}
    for source in read_rows(kinds.SOURCES, guide.folders):
        id = source.entry.id
        if id not in cited and id not in text and id not in _words_of_the_code():
            problem = source.problem(
                "nothing cites this source",
                "id",
                found=id,
                accepted="an entry or a rule that cites it; else take it out",
                code="K205",
            )
            yield Finding(problem, id)
    used_by_rules = {name for rule in rulebase.rules for _, name in named(rule)}
    known = used_by_rules | _answered(guide)
    for row in read_rows(kinds.PARAMETERS, guide.folders):
        id = row.entry.id
        if id not in known and not _in_the_code(id):
            problem = row.problem(
                "no rule, no answer and no formula uses this parameter",
                "id",
                found=id,
                accepted="{parameter: " + id + "} in a rule; else take it out",
                code="K206",
            )
            yield Finding(problem, id)


def _written(folders: tuple[Path, ...]) -> set[str]:
    """Every word that could be an id in the tables, sources.yaml aside."""
    files = (path for folder in folders for path in folder.rglob("*") if path.is_file())
    texts = (file.read_text(encoding="utf-8") for file in files if file.name not in SKIPPED)
    return {word.rstrip(".") for text in texts for word in re.findall(r"[\w.+-]+", text)}


def _answered(knowledge: Knowledge) -> set[str]:
    """The parameters that answers to common questions speak of."""
    entries = knowledge.faq.entries.values()
    texts = (text for e in entries for text in (e.answer, e.why, *e.figures))
    places = (PLACE.findall(text) for text in texts)
    return {name.partition(".")[2] for found in places for name, _ in found}


@cache
def _words_of_the_code() -> frozenset[str]:
    return frozenset(
        node.value
        for tree in _trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


@cache
def _made_names() -> tuple[re.Pattern[str], ...]:
    """Names that the code puts together, such as ``f"host-{count}-w"``, as patterns."""
    made = (n for tree in _trees() for n in ast.walk(tree) if isinstance(n, ast.JoinedStr))
    out = {
        "".join(
            re.escape(str(part.value)) if isinstance(part, ast.Constant) else r"[\w.-]+"
            for part in node.values
        )
        for node in made
        if re.fullmatch(r"[a-z][a-z0-9-]{2,}", str(getattr(node.values[0], "value", "")))
    }
    return tuple(re.compile(pattern) for pattern in sorted(out))


@cache
def _trees() -> tuple[ast.AST, ...]:
    files = sorted(Path(advisor.__file__).parent.rglob("*.py"))
    return tuple(ast.parse(file.read_text(encoding="utf-8")) for file in files)


def _in_the_code(id: str) -> bool:
    """Whether the code names a parameter: whole, without ``-low`` or ``-high``, or put together."""
    names = {id, id.removesuffix("-low"), id.removesuffix("-high")}
    return bool(names & _words_of_the_code()) or any(made.fullmatch(id) for made in _made_names())
