"""What those who keep the rules and the knowledge need."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from advisor.errors import InputError, Problem
from advisor.model.impact import Impact

from .consulting import check_folders

if TYPE_CHECKING:
    from advisor.editing.check import Report
    from advisor.editing.new import New


def check(
    overlays: tuple[Path, ...] = (),
    today: str | None = None,
    corpus: Path | None = None,
    quick: bool = False,
    told: Callable[[int], None] = lambda done: None,
) -> Report:
    """What editors should mend in the knowledge and the rules, ``overlays`` laid over.

    ``today`` is the day ages count to, the knowledge base's own unless given; ``corpus`` the folder
    of profiles that rules must fire for, tests/corpus of a checkout unless given, and none when
    ``quick``. ``told`` hears how many are consulted. Raises InputError for a wrong day or folder.
    """
    from advisor.editing.check import check
    from advisor.knowledge.checks import is_date
    from advisor.resources import corpus_dir

    check_folders(overlays)
    if today is not None and not is_date(today, whole=True):
        raise InputError(
            Problem("--today", "this is no date", found=today, accepted="a day such as 2026-11-23")
        )
    if corpus is not None and not any(corpus.glob("*.yaml")):
        what, accepted = "there are no profiles here", "a folder with profiles, NAME.yaml"
        raise InputError(Problem("--corpus", what, found=str(corpus), accepted=accepted))
    folder = None if quick else corpus or corpus_dir()
    return check(overlays, today, folder, told)


def explain(code: str) -> str:
    """The page of a finding of ``check``, as Markdown."""
    from advisor.resources import findings_dir

    return (findings_dir() / f"{code}.md").read_text(encoding="utf-8")


def impact(
    against: str = "HEAD",
    corpus: Path | None = None,
    jobs: int = 1,
    told: Callable[[int], None] = lambda done: None,
) -> Impact:
    """What the edits of this checkout since ``against`` change for the people of a corpus.

    ``told`` hears how many consultations are done. Raises InputError where git keeps no such
    version, or one of the two does not load.
    """
    from advisor.editing.impact import impact
    from advisor.resources import rules_dir

    return impact(rules_dir().parent, against, corpus, jobs, told)


def watch(profile: Path, overlays: tuple[Path, ...] = (), *, color: bool = False) -> Iterator[str]:
    """The first screen of the advice for a profile file, then what each save changed, as it comes.

    Raises InputError for a profile that is no file, and where no library waits for saves.
    """
    from advisor.editing.watch import Watcher, saves

    check_folders(overlays)
    if not profile.is_file():
        accepted = "a profile file that can be saved while it is watched"
        raise InputError(Problem(str(profile), "there is no such file", accepted=accepted))
    watcher = Watcher(profile, overlays, color=color)
    return watcher.blocks(saves(watcher))


def new(
    kind: str,
    name: str,
    options: Mapping[str, str],
    into: Path | None = None,
    date: str | None = None,
) -> New:
    """A valid entry of a kind to be filled in, for the checkout or the folder ``into``.

    ``options`` are those of ``advisor new`` by name. Nothing is written until ``New.write``. Raises
    InputError for a name that is taken or odd, and where there is nowhere to write.
    """
    from advisor.editing.new import new

    return new(kind, name, options, into, date)
