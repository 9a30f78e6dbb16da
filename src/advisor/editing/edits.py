"""What differs between two versions of the rules and the knowledge, edit by edit."""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from advisor.errors import shown, visible
from advisor.yamlio import Document, load_yaml

from .versions import PARTS

What = Literal["new", "changed", "removed"]
Key = tuple[str, ...]

NAMES = ("slug", "id", "gpu", "word")
"""Fields that name an entry alone."""
MARKS = (
    *("part", "condition", "as_of", "basis", "model", "quant", "field", "link", "vendor", "os"),
    *("command", "devices", "nodes", "runtime", "rental", "code", "subjects"),
)
"""Fields that together tell an entry from the others where none names it."""
ORDER: Key = ("the order of its entries",)
LONGEST = 40
LONGEST_NAME = 60


@dataclass(frozen=True)
class Edit:
    """One edit: of files as a whole, or of the entry with that ``key`` in a file.

    ``codes`` are those of the rules it changes, empty for anything else; it ``reaches`` further
    than their firing where they override others.
    """

    files: tuple[str, ...]
    what: What
    title: str
    line: int | None = None
    key: Key | None = None
    fields: tuple[str, ...] = ()
    codes: frozenset[str] = frozenset()
    reaches: bool = False

    @property
    def place(self) -> str:
        """FILE or FILE:LINE."""
        file = self.files[0 if self.is_code else -1]
        return file + (f":{self.line}" if self.line else "")

    @property
    def is_code(self) -> bool:
        return not self.files[0].startswith(PARTS)


@dataclass
class Edits:
    """The edits that lead from one folder to another, and every mixture of them."""

    before: Path
    after: Path
    code: Sequence[str] = ()
    _documents: dict[Path, Document | None] = field(default_factory=dict)

    @cached_property
    def every(self) -> tuple[Edit, ...]:
        """Rules by code, then the rest by file."""
        names = sorted(
            {
                path.relative_to(folder).as_posix()
                for folder in (self.before, self.after)
                for part in PARTS
                for path in (folder / part).rglob("*")
                if path.is_file() and not path.name.startswith(".")
            }
        )
        rules = [name for name in names if name.startswith("rules/") and name.count("/") == 2]
        rest = [name for name in names if name not in rules]
        found = [*self._code(), *self._rules(rules)]
        for name in rest:
            found += self._file(name)
        return tuple(found)

    def mix(self, chosen: Collection[Edit], folder: Path) -> None:
        """Write into ``folder`` the old version with the ``chosen`` edits made."""
        for part in PARTS:
            shutil.copytree(self.before / part, folder / part, copy_function=_link)
        keys: dict[str, set[Key]] = {}
        for edit in chosen:
            for name in () if edit.is_code else edit.files:
                if edit.key is None:
                    self._take(name, folder)
                else:
                    keys.setdefault(name, set()).add(edit.key)
        for name, wanted in keys.items():
            if wanted == {edit.key for edit in self.every if edit.files == (name,)}:
                self._take(name, folder)
            else:
                text = json.dumps(self._spliced(name, wanted), ensure_ascii=False)
                _free(folder / name).write_text(text, encoding="utf-8")

    def _take(self, name: str, folder: Path) -> None:
        target = _free(folder / name)
        if (self.after / name).is_file():
            shutil.copyfile(self.after / name, target)

    def _code(self) -> Iterator[Edit]:
        if self.code:
            more = len(self.code) - 1
            title = f"code: {self.code[0]}" + (f" and {more} more files" if more else "")
            yield Edit(tuple(self.code), "changed", title, fields=tuple(self.code[1:]))

    def _rules(self, names: Iterable[str]) -> Iterator[Edit]:
        old, new = self._by_code(self.before, names), self._by_code(self.after, names)
        for code in sorted(old.keys() | new.keys()):
            was, now = old.get(code), new.get(code)
            before = self._read(self.before / was) if was else None
            after = self._read(self.after / now) if now else None
            if was == now and before == after:
                continue
            held = after or before or {}
            yield Edit(
                files=tuple(dict.fromkeys(name for name in (was, now) if name)),
                what="new" if before is None else "removed" if after is None else "changed",
                title=f"{code} {held.get('title', '')}".strip(),
                fields=_changes(before, after),
                codes=frozenset({code}),
                reaches=any((data or {}).get("overrides") for data in (before, after)),
            )

    def _by_code(self, folder: Path, names: Iterable[str]) -> dict[str, str]:
        out = {}
        for name in names:
            data = self._read(folder / name)
            if isinstance(data, dict):
                out[str(data.get("code", name))] = name
        return out

    def _file(self, name: str) -> Iterator[Edit]:
        """The edits of one file: entry by entry where both versions hold a list."""
        before, after = self._read(self.before / name), self._read(self.after / name)
        if before == after:
            return
        one = isinstance(before or [], list) and isinstance(after or [], list)
        if not (one and name.startswith("knowledge/") and name.endswith(".yaml")):
            what: What = "new" if before is None else "removed" if after is None else "changed"
            yield Edit((name,), what, name, fields=_changes(before, after))
            return
        old, new = _keyed(before or [], after or [])
        table = name.removeprefix("knowledge/").partition("/")[0].removesuffix(".yaml")
        for key in _merged(list(new), list(old)):
            was, now = old.get(key), new.get(key)
            if was != now:
                folder, at = (self.after, list(new)) if key in new else (self.before, list(old))
                yield Edit(
                    files=(name,),
                    what="new" if was is None else "removed" if now is None else "changed",
                    title=f"{table}: {visible(' '.join(key), LONGEST_NAME)}",
                    line=self._line(folder / name, at.index(key)),
                    key=key,
                    fields=_changes(was, now),
                )
        both = old.keys() & new.keys()
        if [key for key in old if key in both] != [key for key in new if key in both]:
            yield Edit((name,), "changed", f"{table}: {ORDER[0]}", key=ORDER)

    def _spliced(self, name: str, chosen: Collection[Key]) -> list[Any]:
        """The entries of a file with only the ``chosen`` ones as they are in the new version."""
        before, after = (self._read(folder / name) for folder in (self.before, self.after))
        old, new = _keyed(before or [], after or [])
        first, second = (new, old) if ORDER in chosen else (old, new)
        held = ((new if key in chosen else old).get(key) for key in _merged([*first], [*second]))
        return [entry for entry in held if entry is not None]

    def _read(self, path: Path) -> Any:
        """The data of a YAML file, the bytes of another, None for one that is not there."""
        if path.suffix != ".yaml":
            return path.read_bytes() if path.is_file() else None
        if path not in self._documents:
            self._documents[path] = load_yaml(path) if path.is_file() else None
        document = self._documents[path]
        return document.data if document else None

    def _line(self, path: Path, index: int) -> int | None:
        document = self._documents[path]
        return document.line((index,)) if document else None


def _link(source: str, target: str) -> None:
    """The same file under another name, or a copy where the disk knows no such thing."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _free(path: Path) -> Path:
    """The path, with nothing there yet."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    return path


def _keyed(old: Sequence[Any], new: Sequence[Any]) -> tuple[dict[Key, Any], dict[Key, Any]]:
    """Entries of two versions by what tells them apart: of those that share it the sources too,
    and a number where even these agree."""
    counts = [Counter(map(_key, entries)) for entries in (old, new)]
    shared = {key for several in counts for key, number in several.items() if number > 1}

    def keyed(entries: Sequence[Any]) -> dict[Key, Any]:
        seen: Counter[Key] = Counter()
        out = {}
        for entry in entries:
            key = _key(entry)
            if key in shared:
                key = (*key, *_cites(entry))
            seen[key] += 1
            out[key if seen[key] == 1 else (*key, f"({seen[key]})")] = entry
        return out

    return keyed(old), keyed(new)


def _cites(entry: Any) -> Key:
    return tuple(entry.get("cites", ())) if isinstance(entry, Mapping) else ()


def _key(entry: Any) -> Key:
    if not isinstance(entry, Mapping):
        return (shown(entry),)
    name = next((str(entry[field]) for field in NAMES if field in entry), None)
    if name is not None:
        return (name,)
    return tuple(_word(entry[field]) for field in MARKS if field in entry) or ("entry",)


def _word(value: object) -> str:
    if isinstance(value, Mapping):
        return " + ".join(f"{count}x {name}" for name, count in value.items())
    return shown(value)


def _merged(first: list[Key], second: list[Key]) -> list[Key]:
    """``first`` with the keys that only ``second`` has after those they follow there."""
    out = list(first)
    for at, key in enumerate(second):
        if key not in first:
            out.insert(out.index(second[at - 1]) + 1 if at else 0, key)
    return out


def _changes(before: Any, after: Any) -> tuple[str, ...]:
    """What changed inside: short values before and after, of others only where."""
    if before is None or after is None:
        return ()
    return tuple(_differing(before, after, ""))


def _differing(before: Any, after: Any, at: str) -> Iterator[str]:
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for key in dict.fromkeys((*before, *after)):
            yield from _differing(before.get(key), after.get(key), f"{at}.{key}".lstrip("."))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (was, now) in enumerate(zip(before, after, strict=True)):
            yield from _differing(was, now, f"{at}.{index}".lstrip("."))
    else:
        was, now = ("none" if value is None else shown(value) for value in (before, after))
        short = len(was) <= LONGEST and len(now) <= LONGEST
        yield f"{at} {was} → {now}".strip() if short and at else at or "its text"
