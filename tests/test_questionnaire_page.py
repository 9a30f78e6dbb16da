"""docs/questionnaire.md: the interview line by line that it shows is the one that takes place."""

import re

from advisor import api
from advisor.model.interview import Answers

SESSION = re.compile(r"(?<=--ask --save my-rig.yaml\n```\n\n```text\n).*?(?=```\n)", re.DOTALL)


def held(typed: list[str]) -> str:
    """The interview of somebody who types these lines, as a terminal shows it."""
    lines = iter(typed)
    shown = []

    def hear() -> str:
        line = next(lines)
        shown.append(f"> {line}".rstrip())
        return line

    api.interview(Answers(), shown.append, hear)
    return "\n".join(shown) + "\n"


def test_the_session_on_the_page_is_the_one_that_takes_place(root, request):
    """`--snapshot-update` writes it anew, with the same lines typed."""
    page = root / "docs" / "questionnaire.md"
    text = page.read_text(encoding="utf-8")
    session = SESSION.search(text)
    assert session is not None
    wanted = held(re.findall(r"^> ?(.*)$", session[0], re.MULTILINE))
    if request.config.getoption("update_snapshots"):
        page.write_text(SESSION.sub(lambda _: wanted, text), encoding="utf-8", newline="\n")
    assert SESSION.search(page.read_text(encoding="utf-8"))[0] == wanted


def test_the_page_shows_screens_that_are_kept_and_tells_what_is_on_them(root):
    text = (root / "docs" / "questionnaire.md").read_text(encoding="utf-8")
    pictures = re.findall(r"!\[(.*?)\]\((.*?)\)", text)
    assert all((root / "docs" / path).exists() and len(told) > 40 for told, path in pictures)
    assert len(pictures) == len(re.findall(r"^!\[", text, re.MULTILINE)) >= 12
