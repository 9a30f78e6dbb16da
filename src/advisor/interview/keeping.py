"""The files of an interview: profiles opened and saved, texts written."""

from __future__ import annotations

import dataclasses
import os
from itertools import takewhile
from pathlib import Path

from advisor.errors import InputError, Problem
from advisor.files import write_whole
from advisor.model.interview import Answers
from advisor.model.profile import Profile
from advisor.profiles import profile_from, read_profile
from advisor.profiles.reader import MOST_BYTES, TABLES
from advisor.profiles.writer import as_written, json_text, stated, yaml_text
from advisor.yamlio import read_yaml

__all__ = ["opened", "profile_text", "save", "stated", "write"]
_ENDING = "a name that ends with .yaml"


def opened(path: Path) -> Answers:
    """The answers that a profile file states; an empty field counts as not answered.

    Numbers the reader had to make out, such as ``32k``, stay as they are written, so that the
    advice on the answers is that on the file to the byte. Raises InputError like the command.
    """
    if os.path.exists(path) and not (os.path.isfile(path) or os.path.isdir(path)):
        raise InputError(Problem(str(path), "this is no ordinary file"))
    profile = read_profile(path)
    return Answers(profile.name, as_written(profile))


def profile_text(answers: Answers, *, as_json: bool = False) -> str:
    """The profile file of the answers, which reads as the same profile.

    Raises InputError for answers that make no profile, or one too large to be read again.
    """
    return _text(profile_from(answers.stated, answers.name), as_json)


def save(answers: Answers, path: Path, replace: bool) -> Answers:
    """Write the profile file; the answers, named as the file names them.

    Comments at the top of a file that is replaced stay; others are lost. Raises InputError where
    the answers make no profile, and like ``write``.
    """
    if path.suffix.lower() in TABLES:
        raise InputError(Problem(str(path), "a profile is no table", accepted=_ENDING))
    profile = profile_from(answers.stated, path.stem)
    as_json = path.suffix.lower() == ".json"
    heading = _heading(path) if os.path.isfile(path) and not as_json else ""
    write(path, heading + _text(profile, as_json), replace)
    return dataclasses.replace(answers, name=profile.name)


def write(path: Path, text: str, replace: bool) -> None:
    """Write a file at once: a failure leaves what was there.

    Raises InputError where something is there and may not be replaced, and where nothing can be
    written.
    """
    try:
        if path.is_dir():
            raise InputError(Problem(str(path), "this is a folder", accepted="a file in it"))
        if path.exists() and not path.is_file():
            raise InputError(Problem(str(path), "this is no ordinary file"))
        if not path.parent.is_dir():
            raise InputError(Problem(str(path.parent), "there is no such folder"))
        if replace and path.exists() and not os.access(path, os.W_OK):
            raise InputError(Problem(str(path), "this file may only be read"))
        write_whole(path, text, replace=replace)
    except FileExistsError:
        raise InputError(
            Problem(str(path), "this file is already there", accepted="another name")
        ) from None
    except OSError as error:
        raise InputError(Problem(str(path), f"cannot be written: {error.strerror}")) from None
    except ValueError:
        raise InputError(Problem(str(path), "no file can have this name")) from None


def _text(profile: Profile, as_json: bool) -> str:
    form = json_text if as_json else yaml_text
    text = form(as_written(profile))
    read_yaml(text.encode("utf-8"), "profile", max_bytes=MOST_BYTES)
    return text


def _heading(path: Path) -> str:
    """The comments a file begins with, as far as a profile file can hold them."""
    try:
        with path.open(encoding="utf-8") as file:
            before = file.read(MOST_BYTES // 100)
    except (OSError, ValueError):
        return ""
    lines = before.splitlines(keepends=True)
    return "".join(
        takewhile(lambda line: line[0] == "#" and line.endswith("\n") and _printable(line), lines)
    )


def _printable(line: str) -> bool:
    return line[:-1].isprintable()
