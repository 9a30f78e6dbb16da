"""The code of a new rule: one above the highest that ever began alike."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from advisor.errors import InputError, Problem, nearest
from advisor.rulebase.retired import retired

FILE = re.compile(r"(?P<code>[A-Z]{3}[0-9]{3})-(?P<name>.+)\.yaml")
HIGHEST = 999


class RuleNames:
    """Codes, names and topics of the rules in ``folders``, read off the names of their files."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self.folders = folders
        self._paths: dict[str, Path] = {}
        self._prefixes: dict[str, Counter[str]] = {}
        self._codes = set(retired(folders))
        for path in (path for folder in folders for path in sorted(folder.glob("*/*.yaml"))):
            match = FILE.fullmatch(path.name)
            if match:
                code = match["code"]
                self._codes.add(code)
                self._paths[match["name"]] = path
                self._prefixes.setdefault(path.parent.name, Counter())[code[:3]] += 1

    def place(self, name: str) -> str | None:
        """The file of the rule of that name."""
        path = self._paths.get(name)
        return str(path) if path else None

    def prefix(self, topic: str | None, stated: str | None) -> str:
        """The three letters ``stated``, or else those most rules of the topic begin with.

        Raises InputError for no topic, and for one that leaves the letters open.
        """
        topics = sorted(self._prefixes)
        if topic is None:
            raise _wrong("--topic", "a rule needs a topic", topics)
        if not re.fullmatch(r"[a-z][a-z0-9-]*", topic):
            what = "this is no name of a folder"
            raise _wrong("--topic", what, ["small letters, digits and dashes"], topic)
        if stated is not None:
            if not re.fullmatch(r"[A-Z]{3}", stated):
                raise _wrong("--prefix", "a code begins otherwise", ["three capitals"], stated)
            return stated
        used = self._prefixes.get(topic, Counter()).most_common()
        if not used:
            what = "this topic has no rules yet; a new one needs --prefix too"
            raise _wrong("--topic", what, topics, topic, nearest(topic, topics))
        alike = [prefix for prefix, count in used if count == used[0][1]]
        if len(alike) > 1:
            raise _wrong("--prefix", f"codes of {topic} begin in several ways alike", alike)
        return alike[0]

    def next_code(self, prefix: str) -> str:
        """One above the highest code with that prefix, those of rules now gone among them."""
        taken = [int(code[3:]) for code in self._codes if code.startswith(prefix)]
        number = max(taken, default=0) + 1
        if number > HIGHEST:
            raise _wrong("--prefix", "no code with this prefix is left", ["another one"], prefix)
        return f"{prefix}{number:03}"


def _wrong(
    field: str,
    what: str,
    accepted: Iterable[str],
    found: str | None = None,
    near: str | None = None,
) -> InputError:
    return InputError(Problem("command line", what, None, field, found, ", ".join(accepted), near))
