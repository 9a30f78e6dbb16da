"""Estimates for many configurations, a line of JSON each."""

from __future__ import annotations

import json
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from typing import Any, BinaryIO

from advisor.errors import InputError, Problem, visible

from .estimate_report import compact

MOST_LINE = 100_000
MOST_NESTED = 100
CHUNK = 100  # lines a process takes at once
AHEAD = 4  # chunks a process may be behind
Line = tuple[bytes, str]
"""The line of a result, and what is wrong with the line it is for."""


class _Refused(ValueError):
    pass


def lines_of(file: BinaryIO) -> Iterator[bytes]:
    """The lines of a file; of one that is too long only the beginning, a byte too much of it."""
    while line := file.readline(MOST_LINE + 1):
        yield line
        while line and not line.endswith(b"\n"):
            line = file.readline(MOST_LINE + 1)


def results(
    lines: Iterable[tuple[int, bytes]],
    file: str,
    estimate: Callable[[dict[str, Any], int], bytes],
) -> Iterator[Line]:
    """The result of every numbered line with something on it, by ``estimate``.

    A line that cannot be estimated yields ``{"estimate": 1, "id": …, "error": {…}, "problems":
    […]}`` in its place.
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
            yield estimate(data, number), ""
        except InputError as error:
            if any(problem.file != file for problem in error.problems):  # a broken catalogue
                raise
            yield compact(_failed(id, error)).encode() + b"\n", str(error)


def in_order(
    lines: Iterable[bytes], jobs: int, work: Callable[[list[tuple[int, bytes]]], list[Line]]
) -> Iterator[Line]:
    """``work`` over all lines, some at a time, on ``jobs`` processes; results in input order.

    At most a few chunks for each process are read ahead, however long the input.
    """
    numbered = enumerate(lines, 1)
    chunks = iter(lambda: list(islice(numbered, CHUNK)), [])
    for chunk in islice(chunks, 1):  # here, so that what it loads is there for all
        yield from work(chunk)
    if jobs == 1:
        for chunk in chunks:
            yield from work(chunk)
    ahead = list(islice(chunks, 1))
    if not ahead:
        return
    with ProcessPoolExecutor(jobs, initializer=_left_to_the_parent) as pool:
        waiting = deque([pool.submit(work, ahead[0])])
        for chunk in chunks:
            waiting.append(pool.submit(work, chunk))
            if len(waiting) > AHEAD * jobs:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()


def _left_to_the_parent() -> None:
    """A process of the pool does not answer to Ctrl-C itself."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _object(raw: bytes, file: str, line: int) -> dict[str, Any]:
    """One line as an object whose ``id`` can be written again. Raises InputError."""

    def refuse(what: str, accepted: str = "one JSON object on the line") -> InputError:
        return InputError(Problem(file, what, line, accepted=accepted))

    if len(raw) > MOST_LINE:
        raise refuse("this line is too long", f"at most {MOST_LINE:,} bytes")
    try:
        text = raw.decode("utf-8")
        data = json.loads(text, object_pairs_hook=_unique, parse_constant=_constant)
    except _Refused as error:
        raise refuse(str(error)) from None
    except RecursionError:
        raise refuse("this is nested too deeply") from None
    except UnicodeDecodeError:
        raise refuse("this is not UTF-8 text") from None
    except json.JSONDecodeError as error:
        raise refuse(f"this is not JSON: {error.msg} at column {error.colno}") from None
    except ValueError:  # a whole number of thousands of digits
        raise refuse("a number in this line is too long") from None
    if not isinstance(data, dict):
        raise refuse("this is no object")
    if any(isinstance(v, dict | list) for v in data.values()) and _depth(data) > MOST_NESTED:
        raise refuse("this is nested too deeply")
    id = data.get("id")
    if id is not None and type(id) is not int:
        try:
            json.dumps(id, ensure_ascii=False, allow_nan=False).encode()
        except UnicodeEncodeError:
            raise refuse("half of a surrogate pair stands in the id") from None
        except ValueError:
            raise refuse("a number in the id is too large") from None
    return data


def _depth(value: Any) -> int:
    """How many lists and maps stand inside each other; stops counting beyond ``MOST_NESTED``."""
    level, depth = [value], 0
    while level and depth <= MOST_NESTED:
        inner: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                inner += item.values()
            elif isinstance(item, list):
                inner += item
        depth += any(isinstance(item, dict | list) for item in level)
        level = inner
    return depth


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    out = dict(pairs)
    if len(out) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _Refused(f"the key {visible(twice)} stands twice")
    return out


def _constant(word: str) -> Any:
    raise _Refused(f"{word} is no number")


def _failed(id: Any, error: InputError) -> dict[str, Any]:
    problems = [
        {
            "what": visible(problem.what, 300),
            "line": problem.line,
            "field": visible(problem.field) if problem.field else None,
            "found": visible(problem.found, 300) if problem.found is not None else None,
            "accepted": problem.accepted,
            "nearest": problem.nearest,
        }
        for problem in error.problems
    ]
    return {"estimate": 1, "id": id, "error": problems[0], "problems": problems}
