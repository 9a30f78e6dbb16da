"""What ``advisor check`` can find: its codes, and which of them may be exempted."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from advisor.errors import Problem

CODES = {
    "K101": "the file cannot be read",
    "K102": "the entry has not its shape",
    "K103": "the id or code is taken",
    "K104": "the file has not its first line or its name",
    "K105": "the line is still to be filled in",
    "K201": "the citation leads nowhere",
    "K202": "the name does not exist",
    "K203": "the sentence speaks of what is not there",
    "K204": "the claim is neither used nor corrected",
    "K205": "nobody cites the source",
    "K206": "nobody uses the parameter",
    "K301": "the conditions cannot hold together",
    "K302": "the rule stands twice",
    "K303": "another rule already says so",
    "K304": "two rules contradict each other",
    "K305": "a value falls between the rules",
    "K306": "nobody produces what the rule asks for",
    "K307": "the rule fires for nobody",
    "K308": "the rules conclude in a circle",
    "K309": "the rule engine cannot take the rule",
    "K310": "the example does not do as it says",
    "K401": "the price is stale",
    "K402": "the parameter is due for review",
    "K403": "the source is old",
    "K501": "the exemption has run out",
    "K502": "the exemption exempts nothing",
}
"""Every finding: its page is docs/findings/CODE.md."""


@dataclass(frozen=True)
class Finding:
    """One fault. ``subject`` is what an exemption names: a rule code, an id, a slug or a part."""

    problem: Problem
    subject: str = ""

    @property
    def code(self) -> str:
        return self.problem.code

    @property
    def title(self) -> str:
        return CODES[self.code]

    def beside(self, folder: Path) -> Finding:
        """The same with files named as seen from ``folder``, where they stand below it."""
        below = f"{folder}{os.sep}"
        problem = self.problem
        named = replace(
            problem,
            file=problem.file.removeprefix(below),
            what=problem.what.replace(below, ""),
        )
        return replace(self, problem=named)
