"""Where the rules and the knowledge lie: beside the source, or inside the installed package."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent


def _folder(name: str) -> Path:
    shipped = _PACKAGE / "_data" / name
    return shipped if shipped.is_dir() else _PACKAGE.parents[1] / name


def checkout() -> Path | None:
    """The checkout the program runs from; None where it is installed."""
    return None if (_PACKAGE / "_data").is_dir() else _PACKAGE.parents[1]


def rules_dir() -> Path:
    """The folder of the rule base."""
    return _folder("rules")


def knowledge_dir() -> Path:
    """The folder of the knowledge base."""
    return _folder("knowledge")


def corpus_dir() -> Path | None:
    """The folder of profiles that advice is tested on; a checkout has one."""
    folder = rules_dir().parent / "tests" / "corpus"
    return folder if folder.is_dir() else None


def findings_dir() -> Path:
    """The folder of the pages that explain what ``advisor check`` finds."""
    return _folder("docs/findings")
