"""Estimates for many configurations, a line of JSON each."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import chain, islice
from typing import Any

from advisor.errors import InputError, Problem

MOST_LINE = 100_000
CHUNK = 100  # lines a process takes at once
AHEAD = 4  # chunks a process may be behind
Line = tuple[bytes, bool]


class _Refused(ValueError):
    pass


def results(
    lines: Iterable[tuple[int, bytes]],
    file: str,
    estimate: Callable[[dict[str, Any], int], dict[str, Any]],
) -> Iterator[Line]:
    """For every numbered line with something on it, the line of its result, and whether it is one.

    A line that cannot be estimated yields ``{"estimate": 1, "id": …, "error": …, "problems": […]}``
    in its place.
    """
    for number, raw in lines:
        id: Any = None
        if number == 1:
            raw = raw.removeprefix(b"\xef\xbb\xbf")
        if not raw.strip():
            continue
        try:
            data = _object(raw, file, number)
            id = data.get("id")
            yield _written(estimate(data, number)), True
        except InputError as error:
            yield _written(_failed(id, error)), False


def in_order(
    lines: Iterable[bytes], jobs: int, work: Callable[[list[tuple[int, bytes]]], list[Line]]
) -> Iterator[Line]:
    """``work`` over all lines, some at a time, on ``jobs`` processes; results in input order.

    At most a few chunks for each process are read ahead, however long the input.
    """
    numbered = enumerate(lines, 1)
    chunks = iter(lambda: list(islice(numbered, CHUNK)), [])
    first = next(chunks, None)
    if first is None:
        return
    second = next(chunks, None)
    if jobs == 1 or second is None:
        for chunk in chain([first, second or []], chunks):
            yield from work(chunk)
        return
    with ProcessPoolExecutor(jobs) as pool:
        waiting = deque(pool.submit(work, chunk) for chunk in (first, second))
        for chunk in chunks:
            waiting.append(pool.submit(work, chunk))
            if len(waiting) > AHEAD * jobs:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()


def _written(row: dict[str, Any]) -> bytes:
    return json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _object(raw: bytes, file: str, line: int) -> dict[str, Any]:
    """One line as an object. Raises InputError."""

    def refuse(what: str, accepted: str = "one JSON object on the line") -> InputError:
        return InputError(Problem(file, what, line, accepted=accepted))

    if len(raw) > MOST_LINE:
        raise refuse("this line is too long", f"at most {MOST_LINE:,} bytes")
    try:
        data = json.loads(raw, object_pairs_hook=_unique, parse_constant=_constant)
    except _Refused as error:
        raise refuse(str(error)) from None
    except RecursionError:
        raise refuse("this is nested too deeply") from None
    except UnicodeDecodeError:
        raise refuse("this is not UTF-8 text") from None
    except ValueError as error:
        raise refuse(f"this is not JSON: {error}") from None
    if not isinstance(data, dict):
        raise refuse("this is no object")
    if not _sound(data):
        raise refuse("half of a surrogate pair stands in this line")
    return data


def _sound(data: dict[str, Any]) -> bool:
    """Whether every text of it can be written as UTF-8."""
    try:
        json.dumps(data, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    out = dict(pairs)
    if len(out) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _Refused(f"the key {twice} stands twice")
    return out


def _constant(word: str) -> Any:
    raise _Refused(f"{word} is no number")


def _failed(id: Any, error: InputError) -> dict[str, Any]:
    return {
        "estimate": 1,
        "id": id,
        "error": str(error),
        "problems": [
            {
                "line": problem.line,
                "field": problem.field,
                "what": problem.what,
                "found": problem.found,
                "accepted": problem.accepted,
                "nearest": problem.nearest,
            }
            for problem in error.problems
        ],
    }
