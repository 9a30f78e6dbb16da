"""The checkout and its earlier versions, as git keeps them."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

from advisor.errors import InputError, Problem, nearest

PARTS = ("rules", "knowledge")
CODE = ("src", "tui")


@dataclass(frozen=True)
class Checkout:
    """A folder with rules/ and knowledge/ that git keeps."""

    root: Path

    @classmethod
    def at(cls, root: Path) -> Checkout:
        """The checkout in that folder. Raises InputError where there is none, or no git."""
        checkout = cls(root)
        try:
            checkout._git("ls-files", "--error-unmatch", "rules/templates.yaml")
        except subprocess.CalledProcessError as error:
            raise InputError(
                Problem(
                    str(root),
                    "git does not keep the rules and the knowledge here, so there is no earlier "
                    "version to compare with",
                    found=_first_line(error),
                    accepted="the advisor command of a git checkout, not of an installed package",
                )
            ) from None
        return checkout

    def commit(self, ref: str) -> str:
        """The commit that ``ref`` names. Raises InputError with the nearest branch or tag."""
        try:
            found = self._git("rev-parse", "--verify", "--end-of-options", f"{ref}^{{commit}}")
        except subprocess.CalledProcessError:
            names = self._git("for-each-ref", "--format=%(refname:short)").decode().split()
            raise InputError(
                Problem(
                    "--against",
                    "git knows no such version",
                    found=ref,
                    accepted="a branch, a tag, a commit, or such as HEAD~2",
                    nearest=nearest(ref, [*names, "HEAD"]),
                )
            ) from None
        return found.decode().strip()

    def export(self, commit: str, folder: Path) -> None:
        """Write the files of a commit into ``folder``."""
        packed = self._git("archive", "--format=tar", commit)
        with tarfile.open(fileobj=io.BytesIO(packed)) as files:
            files.extractall(folder, filter="data")

    def snapshot(self, folder: Path) -> None:
        """Copy the rules and the knowledge as they are now into ``folder``."""
        for part in PARTS:
            shutil.copytree(self.root / part, folder / part)

    def _git(self, *words: str) -> bytes:
        quiet = os.environ | {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"}
        try:
            return subprocess.run(
                ["git", *words], cwd=self.root, env=quiet, capture_output=True, check=True
            ).stdout
        except FileNotFoundError:
            what = "git was not found, and it keeps the version to compare with"
            raise InputError(Problem("git", what, accepted="git on the PATH")) from None


def _first_line(error: subprocess.CalledProcessError) -> str:
    return str(error.stderr.decode(errors="replace").strip().partition("\n")[0])


def changed_code(before: Path, after: Path) -> list[str]:
    """The Python files under src/ that differ between two folders."""
    every = {p.relative_to(f).as_posix() for f in (before, after) for p in f.glob("src/**/*.py")}
    return sorted(name for name in every if _bytes(before / name) != _bytes(after / name))


def _bytes(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None
