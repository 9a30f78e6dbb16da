"""``advisor new``: a valid entry to be filled in, with the next code, in the file it belongs to."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel

from advisor import resources
from advisor.errors import InputError, Problem, nearest
from advisor.files import write_whole
from advisor.knowledge import Knowledge, Unknown
from advisor.model import catalog
from advisor.model.facts import STAGES
from advisor.model.faq import FaqEntry, Topic
from advisor.rulebase.rule import RuleEntry
from advisor.yamlio import load_yaml, parse, read_yaml

from .codes import RuleNames
from .scaffold import appended, filled, scaffold

SLUG = r"[a-z][a-z0-9]*(?:[.-][a-z0-9]+)*"
LONGEST_NAME = 60
VENDORS: tuple[str, ...] = get_args(catalog.Vendor)
CONDITIONS = ("new", "used", "mixed")
OPTIONS = {
    "rule": ("topic", "prefix", "stage"),
    "device": ("vendor",),
    "model": (),
    "price": ("condition",),
    "claim": (),
    "faq": ("topic",),
}
"""The kinds of entries that can be made, and what may be said of each."""


@dataclass(frozen=True)
class New:
    """An entry, the file it goes into with the text that file will have, and the entry's line."""

    entry: str
    path: Path
    text: str
    line: int

    def write(self) -> None:
        """Write the file."""
        write_whole(self.path, self.text)


def new(
    kind: str,
    name: str,
    options: Mapping[str, str],
    into: Path | None = None,
    date: str | None = None,
) -> New:
    """A ``kind`` called ``name``, not written yet. Raises InputError for what is not accepted."""
    for option in options:
        if option not in OPTIONS[kind]:
            accepted = ", ".join(f"--{word}" for word in OPTIONS[kind]) or "no option of its own"
            raise _wrong(f"--{option}", f"this says nothing about a {kind}", None, accepted)
    makers: dict[str, Callable[..., New]] = {
        "rule": Editor.rule,
        "device": Editor.device,
        "model": Editor.model,
        "price": Editor.price,
        "claim": Editor.claim,
        "faq": Editor.faq,
    }
    return makers[kind](Editor(into, date), name, **options)


class Editor:
    """Makes entries for the checkout, or for the folder ``into``.

    Raises InputError where there is neither.
    """

    def __init__(self, into: Path | None = None, date: str | None = None) -> None:
        root = resources.checkout()
        self.root = root
        if into is not None:
            if into.exists() and not into.is_dir():
                raise _wrong("--knowledge", "this is not a folder", str(into))
            self.rules, self.facts = into / "rules", into
        elif root is not None:
            self.rules, self.facts = resources.rules_dir(), resources.knowledge_dir()
        else:
            what = "an installed advisor has no files of its own to change"
            raise _wrong("--knowledge", what, accepted="--knowledge with a folder of your own")
        overlays = (into,) if into is not None and into.is_dir() else ()
        self.knowledge = Knowledge.load(overlays)
        self.names = RuleNames(tuple(dict.fromkeys((resources.rules_dir(), self.rules))))
        self.stated_date = date
        self.date = date or self.knowledge.version

    def rule(
        self, name: str, topic: str | None = None, prefix: str | None = None, stage: str = "judge"
    ) -> New:
        """A draft of a rule, in a file of its own."""
        _check_name(name, r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*", "small letters and digits with dashes")
        place = self.names.place(name)
        if place:
            raise _taken(name, f"this name is taken by {place}", None)
        if stage not in STAGES:
            near = nearest(stage, STAGES)
            raise _wrong("--stage", "there is no such stage", stage, ", ".join(STAGES), near)
        code = self.names.next_code(self.names.prefix(topic, prefix))
        body, examples = scaffold(f"rule-{stage}").split("examples:\n")
        text = (
            scaffold("rule").replace("# body: rule-STAGE.yaml\n", body) + "examples:\n" + examples
        )
        values = {"code": code, "name": name, "since": self.date, "stage": stage}
        entry = filled(text, values)
        path = self.rules / str(topic) / f"{code}-{name}.yaml"
        document = read_yaml(entry.encode(), str(path))
        parse(RuleEntry, document.data, document)
        return New(entry, path, self._first_line(path, "rule") + entry, 1)

    def device(self, name: str, vendor: str = "nvidia") -> New:
        """A device; one of the general catalogue of GPUs brings its figures from there."""
        found = self._free(name, self.knowledge.find_device, "devices")
        if found is not None:
            text = filled(scaffold("device"), _stated(found), known=True)
            vendor = found.vendor
        else:
            _check_word("--vendor", vendor, VENDORS)
            own = {"slug": name, "name": name.replace("-", " "), "vendor": vendor}
            text = filled(scaffold("device"), own | {"year": int(self.date[:4])})
            if vendor == "apple":
                text = filled(text, {"kind": "apple", "form": "machine"})
        return self._entry(catalog.Device, f"devices/{vendor}", text)

    def model(self, name: str) -> New:
        """A language model."""
        self._free(name, self.knowledge.find_model, "models")
        text = filled(scaffold("model"), {"slug": name, "name": name.replace("-", " ")})
        return self._entry(catalog.Model, "models", text)

    def price(self, part: str, condition: str | None = None) -> New:
        """A price of a part: that in force once more, which changes nothing until it is edited.

        Without one it is of a basis that nothing reckons with.
        """
        if condition is not None:
            _check_word("--condition", condition, CONDITIONS)
        part = self._part(part)
        text = filled(scaffold("price"), {"part": part})
        held = self._in_force(part, (condition,) if condition else CONDITIONS)
        if held is None:
            text = filled(text, {"condition": condition or "new", "as_of": self.date})
        else:
            known = _stated(held) | {"note": f"as the price of {held.as_of}"}
            text = filled(text, known | {"as_of": self.stated_date or held.as_of})
        return self._entry(catalog.PriceEntry, "prices", text)

    def _in_force(self, part: str, conditions: tuple[Any, ...]) -> catalog.PriceEntry | None:
        """The price to follow up: of the first condition that has one, at launch only at last."""
        prices = [self.knowledge.price(part, condition) for condition in conditions]
        held = [price for price in prices if price is not None]
        return next((price for price in held if price.basis != "msrp"), held[0] if held else None)

    def claim(self, id: str) -> New:
        """A claim of our own beside the guide's."""
        _check_name(id, SLUG, "small letters and digits with dots and dashes")
        if id in self.knowledge.claims:
            raise _taken(id, f"this id is taken; see {self._place('claims', 'id', id)}", None)
        return self._entry(catalog.Claim, "claims", filled(scaffold("claim"), {"id": id}))

    def faq(self, id: str, topic: str = "effective-vram") -> New:
        """An answer to a common question, in the file of its first topic."""
        _check_name(id, SLUG, "small letters and digits with dashes")
        _check_word("--topic", topic, get_args(Topic))
        if id in self.knowledge.faq.entries:
            raise _taken(id, f"this id is taken; see {self._place('faq', 'id', id)}", None)
        text = filled(scaffold("faq"), {"id": id, "topics": [topic]})
        return self._entry(FaqEntry, f"faq/{topic}", text)

    def _free(self, name: str, find: Callable[[str], Any], file: str) -> catalog.Device | None:
        """What the general catalogue has by this very name.

        Raises InputError where the name is odd or already stands for something.
        """
        _check_name(name, SLUG, "small letters and digits with dots and dashes, as rtx-3090")
        try:
            found = find(name)
        except Unknown:
            return None
        place = self._place(file, "slug", found.slug)
        if place is None and found.slug == name:
            return found if isinstance(found, catalog.Device) else None
        where = f"; see {place}" if place else " of the general catalogue"
        what = f"this word already stands for {found.slug}{where}"
        raise _taken(name, what, found.slug if found.slug != name else None)

    def _part(self, word: str) -> str:
        """The part that has a price by this name. Raises InputError with the nearest."""
        parts = {price.part for price in self.knowledge.prices}
        if word in parts:
            return word
        try:
            return self.knowledge.find_device(word).slug
        except Unknown as unknown:
            near = unknown.nearest[0] if unknown.nearest else nearest(word, parts)
            accepted = "a slug of `advisor catalog devices`, or a part of prices.yaml"
            what = unknown.why or "nothing that can be bought goes by this name"
            raise _wrong("PART", what, word, accepted, near) from None

    def _entry(self, kind: type[BaseModel], file: str, entry: str) -> New:
        """The entry at the end of ``file``."""
        path = self.facts / f"{file}.yaml"
        document = read_yaml(entry.encode(), str(path))
        raw = document.data[0] if isinstance(document.data, list) else None
        parse(kind, raw, document, (0,))
        for place, other in self._raw(file):
            if other == raw:
                what = f"an entry just like this is there, still to be filled in; see {place}"
                raise _taken(str(next(iter(other.values()))), what, None)
        text, line = appended(path, entry)
        if line == 1:
            first = self._first_line(path, file.partition("/")[0])
            text, line = first + text, 1 + first.count("\n")
        return New(entry, path, text, line)

    def _place(self, file: str, key: str, id: str) -> str | None:
        """FILE:LINE of the entry with that id."""
        return next((place for place, raw in self._raw(file) if raw.get(key) == id), None)

    def _raw(self, file: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Every entry of a table as it is written, and where."""
        for folder in self.knowledge.folders:
            for path in (folder / f"{file}.yaml", *sorted((folder / file).glob("*.yaml"))):
                document = load_yaml(path) if path.is_file() else None
                entries = document.data if document else None
                for index, raw in enumerate(entries if isinstance(entries, list) else ()):
                    assert document is not None
                    yield f"{document.file}:{document.line((index,))}", raw

    def _first_line(self, path: Path, kind: str) -> str:
        """What tells a text editor the schema of the file; nothing where no schemas lie around."""
        if self.root is None:
            return ""
        schema = os.path.relpath(self.root / "schemas" / f"{kind}.json", path.parent)
        return f"# yaml-language-server: $schema={Path(schema).as_posix()}\n"


def _stated(entry: BaseModel) -> dict[str, Any]:
    """The fields of an entry that say more than their default."""
    fields = type(entry).model_fields
    return {
        name: value
        for name, value in entry.model_dump(mode="json").items()
        if fields[name].is_required() or getattr(entry, name) != fields[name].default
    }


def _check_word(field: str, word: str, words: tuple[str, ...]) -> None:
    if word not in words:
        near = nearest(word, words)
        raise _wrong(field, "this word is not accepted", word, ", ".join(words), near)


def _check_name(name: str, pattern: str, accepted: str) -> None:
    if len(name) > LONGEST_NAME or not re.fullmatch(pattern, name):
        at_most = f"{accepted}, a letter first, {LONGEST_NAME} characters at most"
        raise _wrong("NAME", "this has not the accepted form", name, at_most)


def _taken(name: str, what: str, near: str | None) -> InputError:
    accepted = "a name of its own"
    return InputError(
        Problem("command line", what, None, "NAME", name, accepted, near, code="K103")
    )


def _wrong(
    field: str,
    what: str,
    found: str | None = None,
    accepted: str | None = None,
    near: str | None = None,
) -> InputError:
    return InputError(Problem("command line", what, None, field, found, accepted, near))
