"""Memory and speed of given configurations."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from advisor.errors import InputError, Problem
from advisor.render.document import render_sections

from .consulting import knowledge, rulebase

if TYPE_CHECKING:
    from advisor.consult.estimate_report import Lines
    from advisor.consult.estimating import Estimated, Estimator


@lru_cache(maxsize=4)
def estimator(overlays: tuple[Path, ...] = ()) -> Estimator:
    """An estimator ready for many configurations. It needs no rule engine."""
    from advisor.consult.estimating import Estimator

    return Estimator(knowledge(overlays), rulebase(overlays, "evidence"))


def estimate(
    data: Mapping[str, Any],
    overlays: tuple[Path, ...] = (),
    place: tuple[str, int | None] = ("command line", None),
) -> dict[str, Any]:
    """Memory and speed of one configuration, in the form of ``estimate --format json``.

    ``data`` has the names of a line of ``estimate --batch``; ``place`` is the file and line it
    stands in. Raises InputError for fields, values and words that are not accepted.
    """
    from advisor.consult.estimate_report import report

    sizing = estimator(overlays)
    return report(sized(sizing, data, place), sizing.knowledge)


def sized(sizing: Estimator, data: Mapping[str, Any], place: tuple[str, int | None]) -> Estimated:
    """The configuration that ``data`` states with its figures, before they are put into words."""
    from advisor.consult.asked import asked_from

    file, line = place
    asked = asked_from(data, file, line)
    try:
        return sizing.estimate(asked)
    except InputError as error:
        outside = ("profile", "command line")
        raise InputError(
            *(replace(p, file=file, line=line) if p.file in outside else p for p in error.problems)
        ) from None


def estimate_lines(
    source: str, out: BinaryIO, overlays: tuple[Path, ...] = (), jobs: int = 1
) -> int:
    """An estimate for every line of the file ``source`` (``-`` is standard input), a line each.

    Returns 1 when some lines could not be estimated, which are told on standard error and in their
    place, else 0. Raises InputError when the file cannot be opened.
    """
    from advisor.consult.estimate_lines import in_order, lines_of

    file = "<stdin>" if source == "-" else source
    failed = 0
    try:
        with nullcontext(sys.stdin.buffer) if source == "-" else Path(source).open("rb") as lines:
            work = partial(_estimated, file, overlays)
            for written, wrong in in_order(lines_of(lines), jobs, work):
                out.write(written)
                if wrong:
                    failed = 1
                    print(wrong, file=sys.stderr)
    except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
        what = f"cannot be read: {error.strerror}"
        raise InputError(Problem(source, what, accepted="a file with one object a line")) from None
    out.flush()
    return failed


def _estimated(
    file: str, overlays: tuple[Path, ...], lines: list[tuple[int, bytes]]
) -> list[tuple[bytes, str]]:
    from advisor.consult.estimate_lines import results

    sizing, writer = estimator(overlays), _writer(overlays)

    def one(data: dict[str, Any], line: int) -> bytes:
        return writer.line(sized(sizing, data, (file, line)))

    return list(results(lines, file, one))


@lru_cache(maxsize=4)
def _writer(overlays: tuple[Path, ...]) -> Lines:
    from advisor.consult.estimate_report import Lines

    return Lines(knowledge(overlays))


def render_estimate(
    found: dict[str, Any], form: str, *, color: bool = False, width: int = 88
) -> str:
    """An estimate as ``text``, ``markdown``, ``html`` or ``json``."""
    from advisor.render.estimate import sections

    if form == "json":
        return json.dumps(found, ensure_ascii=False, indent=2) + "\n"
    return render_sections(sections(found), form, color=color, width=width)
