"""What the pages show is what the command does."""

import re
from pathlib import Path

import pytest

from advisor import api

PAGES = ("README.md", "CONTRIBUTING.md", *(str(p) for p in Path("docs").rglob("*.md")))
EXAMPLE = "examples/add-a-3090.yaml"


def test_readme_shows_the_first_screen_of_its_example(root, request):
    """`--snapshot-update` writes it anew."""
    page = root / "README.md"
    text = page.read_text(encoding="utf-8")
    advice = api.consult(api.read_profile(root / EXAMPLE, ()))
    screen = api.render(advice, "text").partition("\n\n")[0]
    shown = re.compile(r"(?<=```text\n).*?(?=```\n)", re.DOTALL)
    if request.config.getoption("update_snapshots"):
        page.write_text(shown.sub(lambda _: screen + "\n", text, count=1), encoding="utf-8")
        text = page.read_text(encoding="utf-8")
    match = shown.search(text)
    assert match is not None
    assert match[0] == screen + "\n"


def test_readme_shows_the_profile_of_its_example(root):
    text = (root / "README.md").read_text(encoding="utf-8")
    assert (root / EXAMPLE).read_text(encoding="utf-8") in text


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(root, page):
    text = (root / page).read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!https?:)([^)#]+)", text)
    gone = [link for link in links if not (root / page).parent.joinpath(link).exists()]
    assert gone == []
