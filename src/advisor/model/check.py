"""The report of ``advisor check`` as JSON."""

from __future__ import annotations

from typing import Literal

from .quantity import Strict


class FindingTold(Strict):
    """One finding; ``subject`` is what an exemption names, ``page`` explains its ``code``."""

    code: str
    title: str
    subject: str
    file: str
    line: int | None
    field: str | None
    what: str
    found: str | None
    accepted: str | None
    nearest: str | None
    page: str


class CheckTold(Strict):
    """What a check found, how much it looked at, and in words what it did not."""

    check: Literal[1] = 1
    findings: tuple[FindingTold, ...]
    exempted: tuple[FindingTold, ...]
    today: str
    rules: int
    examples: int
    profiles: int
    skipped: tuple[str, ...]
