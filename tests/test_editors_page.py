"""docs/editors.md, done step by step in a checkout of its own: what it shows is what happens."""

import os
import re
import shlex
import shutil
import subprocess
import sys

import pytest

BLOCK = re.compile(r"```(console|text|yaml|diff)\n(.*?)```\n", re.DOTALL)
RUN = ("check", "new", "impact", "advise")
FILE = re.compile(r"`([\w/.-]+\.yaml)`:\n\n$")
COMMIT = re.compile(r"\([0-9a-f]{12}\)")
CODE = re.compile(r"\bSTA\d{3}\b")


COMPILED = shutil.ignore_patterns("__pycache__")
LONGEST = 36


def screen(text):
    """As much of it as a page shows; a commit has no name that stays."""
    lines = COMMIT.sub("(4f7c1a90be52)", text).splitlines(keepends=True)
    return "".join([*lines[:LONGEST], *(["…\n"] if len(lines) > LONGEST else [])])


class Checkout:
    """A checkout that an editor works in, and the file written last."""

    def __init__(self, folder, root):
        self.folder = folder
        for part in ("rules", "knowledge", "examples", "src", "tui"):
            shutil.copytree(
                root / part, folder / part, ignore=shutil.ignore_patterns("__pycache__")
            )
        self.forget((root / "docs" / "editors.md").read_text(encoding="utf-8"))
        self.git("init", "-q")
        self.commit()
        self.last = None
        self.line = 1

    def forget(self, page):
        """Take out what the page adds, for those who followed it and now run the tests."""
        for name in re.findall(r"new rule (\S+)", page):
            for path in self.folder.glob(f"rules/*/*-{name}.yaml"):
                path.unlink()
        devices = "|".join(re.findall(r"new device (\S+)", page))
        entry = re.compile(rf"\n?- slug: (?:{devices})\b.*\n(?:[ #].*\n)*")
        added = [body for kind, body in BLOCK.findall(page) if kind == "yaml"]
        for path in (self.folder / "knowledge").rglob("*.yaml"):
            text = kept = path.read_text("utf-8")
            for body in added:
                kept = kept.replace(f"\n\n{body}", "\n").replace(body, "")
            kept = entry.sub("", kept)
            if kept != text:
                path.write_text(kept, "utf-8")

    def git(self, *words):
        env = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "GIT_CONFIG_NOSYSTEM": "1"}
        subprocess.run(["git", *words], cwd=self.folder, env=env, check=True, capture_output=True)

    def commit(self):
        self.git("add", "-A")
        self.git(
            "-c", "user.name=E", "-c", "user.email=e@example.org", "commit", "-qm", "a version"
        )

    def run(self, words):
        """What the command prints; what it wrote is the file that the next block is for."""
        paths = os.pathsep.join(str(self.folder / part) for part in ("src", "tui"))
        done = subprocess.run(
            [sys.executable, "-m", "advisor.cli", *words],
            cwd=self.folder,
            env=os.environ | {"PYTHONPATH": paths},
            capture_output=True,
            encoding="utf-8",
        )
        assert done.stderr == ""
        if words[0] == "new" and "--dry-run" not in words:
            file, _, line = done.stdout.partition("\n")[0].partition(":")
            self.last, self.line = self.folder / file, int(line)
        return screen(done.stdout)

    def fill_in(self, text):
        """Put ``text`` where ``new`` wrote its entry, with the code that was given."""
        lines = self.last.read_text("utf-8").splitlines(keepends=True)
        kept = lines[: max(self.line - 1, lines[0].startswith("# yaml"))]
        code = self.last.name[:6]
        self.last.write_text("".join(kept) + CODE.sub(code, text), "utf-8")

    def append(self, file, text):
        with (self.folder / file).open("a", encoding="utf-8") as end:
            end.write(text)

    def replace(self, diff):
        """Change the lines of the file written last that a diff without a head names."""
        lines = diff.splitlines(keepends=True)
        old, new = ("".join(line[1:] for line in lines if line[0] == sign) for sign in "-+")
        text = self.last.read_text("utf-8")
        assert text.count(old) == 1
        self.last.write_text(text.replace(old, new), "utf-8")


def replayed(text, checkout):
    """The page with each screen as it comes out."""
    out, at, shown, code = [], 0, None, None
    for block in BLOCK.finditer(text):
        before, (kind, body) = text[at : block.start()], block.groups()
        at = block.end()
        file = FILE.search(before)
        if kind == "console":
            commands = [shlex.split(line[2:]) for line in body.splitlines() if line[:2] == "$ "]
            own = [words[1:] for words in commands if words[0] == "./dev" and words[1] in RUN]
            if ["git", "commit"] in [words[:2] for words in commands]:
                checkout.commit()
            if own:
                shown = "".join(map(checkout.run, own))
                code = CODE.search(shown) or code if own[0][:2] == ["new", "rule"] else code
        elif kind == "text" and shown is not None:
            body, shown = shown, None
        elif kind == "yaml":
            checkout.append(file[1], body) if file else checkout.fill_in(body)
        elif kind == "diff":
            checkout.replace(body)
        out += [before, f"```{kind}\n{body}```\n"]
    page = "".join([*out, text[at:]])
    return CODE.sub(code[0], page) if code else page


def test_the_page_of_editors_does_what_it_shows(root, tmp_path, request):
    """`--snapshot-update` writes its screens anew."""
    page = root / "docs" / "editors.md"
    text = page.read_text(encoding="utf-8")
    wanted = replayed(text, Checkout(tmp_path, root))
    if request.config.getoption("update_snapshots"):
        page.write_text(wanted, encoding="utf-8", newline="\n")
        text = wanted
    assert text == wanted


@pytest.mark.parametrize("page", ["editors.md", "glossary.md"])
def test_a_page_is_written_one_sentence_a_line(root, page):
    text = (root / "docs" / page).read_text(encoding="utf-8")
    prose = [
        line
        for line in BLOCK.sub("", text).splitlines()
        if line[:1].isalpha() and re.search(r"[a-z)`][.!?] [A-Z]", line)
    ]
    assert prose == []
