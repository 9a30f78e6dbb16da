"""Answers kept while they are given, so that an app that was killed can go on."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from platformdirs import user_state_path

from advisor.errors import InputError
from advisor.model.interview import Answers
from advisor.model.profile import FIELDS
from advisor.profiles import profile_from
from advisor.profiles.writer import as_written

if sys.platform != "win32":
    import fcntl

_FORM = 1
_MOST_BYTES = 4_000_000


@dataclass(frozen=True)
class Kept:
    """Answers of an app that ended without finishing, and the file they belong to, if any."""

    answers: Answers
    file: Path | None
    when: datetime

    @property
    def count(self) -> int:
        """How many questions were answered, "don't know" among them."""
        return len(self.answers.stated) + len(self.answers.left_open)


class Autosave:
    """Keeps the answers of one running app, in a file of its own beside ``path``.

    The app holds a lock on its file, which ends with the app however it ends: apps that run at the
    same time neither see nor touch each other's answers, and what a killed one leaves is found by
    the next. A file system without locks gives out the newest answers, whoever's they are. On
    Windows, where a locked file cannot be replaced, nothing is kept.
    """

    def __init__(self, path: Path | None = None) -> None:
        base = path or user_state_path("advisor", appauthor=False) / "interview.json"
        self._folder, self._stem = base.parent, base.stem
        self._own: Path | None = None
        self._lock: int | None = None

    def keep(self, answers: Answers, file: Path | None = None) -> bool:
        """Keep the answers in place of those kept before; False where that cannot be done.

        ``file`` is the profile file they were opened from or saved to.
        """
        if not answers.stated and not answers.left_open:
            self.forget()
            return True
        held = {
            "interview": _FORM,
            "name": answers.name,
            "file": None if file is None else os.path.abspath(file),
            "stated": dict(answers.stated),
            "left_open": sorted(answers.left_open),
        }
        if sys.platform == "win32":
            return False
        try:
            self._write(json.dumps(held).encode())
        except OSError:
            return False
        return True

    def found(self, file: Path | None = None) -> Kept | None:
        """The newest answers of an app that has ended; only those of ``file`` where one is given.

        They are this app's from now on: ``keep`` replaces and ``forget`` drops them. What is no
        such answers is moved aside.
        """
        for path in self._left():
            lock = _locked(path)
            if lock is None:
                continue
            kept = _read(lock)
            if kept is not None and (file is None or kept.file == Path(os.path.abspath(file))):
                self._take(path, lock)
                return kept
            if kept is None:
                _move_aside(path)
            os.close(lock)
        return None

    def forget(self) -> None:
        """Drop what this app keeps."""
        if self._own is not None:
            try:
                self._own.unlink(missing_ok=True)
            except OSError:
                return
        self.close()

    def close(self) -> None:
        """Leave what this app keeps to the next one, as its end does."""
        if self._lock is not None:
            os.close(self._lock)
        self._own = self._lock = None

    def _write(self, text: bytes) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self._folder, prefix=".")
        own = self._own or self._folder / f"{self._stem}-{Path(name).name[1:]}.json"
        try:
            with open(handle, "wb", closefd=False) as file:
                file.write(text)
            _try_lock(handle)
            os.replace(name, own)
        except BaseException:
            os.close(handle)
            os.unlink(name)
            raise
        self._take(own, handle)

    def _take(self, path: Path, lock: int) -> None:
        self.close()
        self._own, self._lock = path, lock

    def _left(self) -> list[Path]:
        """What all apps keep, the newest first."""
        found = []
        for path in self._folder.glob(f"{self._stem}-*.json"):
            try:
                found.append((path.stat().st_mtime_ns, path))
            except OSError:
                continue
        return [path for _, path in sorted(found, reverse=True) if path.is_file()]


def _locked(path: Path) -> int | None:
    """A handle that holds the lock on a file; None where a running app holds it."""
    try:
        handle = os.open(path, os.O_RDWR)
    except OSError:
        return None
    try:
        if _try_lock(handle) and os.path.samestat(os.fstat(handle), os.stat(path)):
            return handle
    except OSError:
        pass
    os.close(handle)
    return None


def _try_lock(handle: int) -> bool:
    """Take the lock; False where another app holds it."""
    if sys.platform != "win32":
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            return True
    return True


def _read(handle: int) -> Kept | None:
    """The answers in an open file, each checked; None where there are none."""
    try:
        with open(handle, "rb", closefd=False) as file:
            text = file.read(_MOST_BYTES + 1)
        held = json.loads(text) if len(text) <= _MOST_BYTES else None
        if not isinstance(held, dict) or held.get("interview") != _FORM:
            return None
        when = datetime.fromtimestamp(os.fstat(handle).st_mtime)
        name, stated = _checked(held.get("stated"), held.get("name"))
        left_open = {field for field in _fields(held.get("left_open")) if field not in stated}
    except (OSError, ValueError, OverflowError, RecursionError):
        return None
    if not stated and not left_open:
        return None
    return Kept(Answers(name, stated, frozenset(left_open)), _file(held.get("file")), when)


def _checked(data: object, name: object) -> tuple[str, Mapping[str, Any]]:
    """The name and the fields that a profile may have, in profile order."""
    told, good = name if isinstance(name, str) else "", {}
    for field in FIELDS:
        if isinstance(data, dict) and data.get(field) is not None:
            try:
                profile = profile_from({"target_model": "70B", field: data[field]}, told)
            except InputError:
                continue
            good[field] = as_written(profile)[field]
    return profile_from({"target_model": "70B", **good}, told).name, good


def _fields(data: object) -> Iterator[str]:
    return (field for field in FIELDS if isinstance(data, list) and field in data)


def _file(data: object) -> Path | None:
    able = isinstance(data, str) and "\0" not in data and os.path.isabs(data)
    return Path(str(data)) if able else None


def _move_aside(path: Path) -> None:
    try:
        path.replace(path.with_suffix(".damaged"))
    except OSError:
        return
