"""YAML and JSON as plain data, with limits and lines."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from advisor.errors import InputError
from advisor.model.quantity import Strict
from advisor.yamlio import Document, load_yaml, parse, read_yaml

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(min_value=-(10**18), max_value=10**18)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(st.characters(exclude_categories=["Cs"]), max_size=40), inner, max_size=4
        )
    ),
    max_leaves=15,
)


def data(text: str) -> object:
    return read_yaml(text.encode(), "f.yaml").data


def problem(text: str, **limits: int) -> str:
    with pytest.raises(InputError) as caught:
        read_yaml(text.encode(), "f.yaml", **limits)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("FALSE", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("12", 12),
        ("-3", -3),
        ("+3", 3),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("2.5E-1", 0.25),
        ('"12"', "12"),
        ("'true'", "true"),
        *((same, same) for same in ("yes", "no", "on", "off", "y", "n", "1:30", "2026-11-24")),
        *((same, same) for same in ("010", "0x10", "0o7", "1_000", ".5", "1.", ".inf", "1e999")),
        *((same, same) for same in ("<<", "=", "9" * 31)),
        ("|\n  a\n  b\n", "a\nb\n"),
    ],
)
def test_scalars(text: str, value: object) -> None:
    read = data(text)
    assert read == value
    assert type(read) is type(value)


@given(PLAIN)
def test_json_is_read_as_json_reads_it(value: object) -> None:
    document = read_yaml(json.dumps([value]).encode(), "f.json")
    assert document.data == [value]


def test_json_pairs_of_escapes_are_one_character() -> None:
    assert data('{"a": "\\ud83d\\ude00", "b": "\\\\ud83d\\\\ude00"}') == {
        "a": "😀",
        "b": "\\ud83d\\ude00",
    }


def outcome(raw: bytes) -> Document | str:
    """The document, or the message of the InputError; anything else raised is a fault."""
    try:
        return read_yaml(raw, "f.yaml")
    except InputError as error:
        return str(error)


@given(st.binary(max_size=300))
def test_bytes_are_data_or_a_problem(raw: bytes) -> None:
    result = outcome(raw)
    if isinstance(result, str):
        assert result.startswith("f.yaml:")
    else:
        json.dumps(result.data, allow_nan=False)


@given(st.text(st.sampled_from("ab:-?*&!|>%@`\"'[]{},# \n\t~01.\\<="), max_size=60))
def test_yaml_signs_are_data_or_a_problem(text: str) -> None:
    result = outcome(text.encode())
    if isinstance(result, str):
        assert not re.search("token|scalar|mapping|block|flow|indicator|stream", result)
    else:
        assert (result.line(()) is None) == (not re.sub("(?m)#.*$|\\s|^(---|[.]{3})$", "", text))


@pytest.mark.parametrize("mark", ["\x85", "\u2028", "\u2029"])
def test_line_breaks_of_unicode_alone(mark: str) -> None:
    """Text to JSON, a break to the parser, nothing to an editor that counts lines."""
    assert data(f'{{"a": "b{mark}c",\n"d": 1}}') == {"a": f"b{mark}c", "d": 1}
    assert problem(f"a: 1\nb: c{mark}d: 2").startswith("f.yaml:2: this line break is not one to")


def test_half_a_character_in_json() -> None:
    for text in ('["\\ud83d"]', '["\\ude00\\ud83d"]'):
        assert problem(text).startswith("f.yaml:1: this escape is half of a character")


def test_a_byte_order_mark_is_accepted() -> None:
    assert read_yaml(b"\xef\xbb\xbfa: 1\n", "f.yaml").data == {"a": 1}


def test_lines_of_paths() -> None:
    document = read_yaml(b"a: 1\nb:\n  - x\n  - c: 2\n    d:\n      3\n", "f.yaml")
    assert document.line(("a",)) == 1
    assert document.line(("b",)) == 2
    assert document.line(("b", 1)) == 4
    assert document.line(("b", 1, "d")) == 5
    assert document.line(("b", 1, "nowhere")) == 4
    assert document.line(()) == 1
    assert Document("f.yaml", {"a": 1}).line(("a",)) is None


def test_numbers_letter_for_letter() -> None:
    assert read_yaml(b"a: 2.000\nb: [1.50]\n", "f").written(("b", 0)) == "1.50"
    assert read_yaml(b"a: 2.000\n", "f").written(("a",)) == "2.000"
    assert read_yaml(b"a: 2.000\n", "f").written(("z",)) is None
    assert read_yaml(b'{"a": 2.000}', "f").written(("a",)) is None


def test_aliases_within_bounds_are_followed() -> None:
    assert data("a: &x [1, 2]\nb: *x\nc: &k key\n*k : 3\n") == {
        "a": [1, 2],
        "b": [1, 2],
        "c": "key",
        "key": 3,
    }


def test_limits() -> None:
    assert problem("[[1]]", max_depth=1) == (
        "f.yaml:1: 0: this is nested too deeply. Accepted: at most 1 levels."
    )
    assert "nested too deeply" in problem("a: &x [[1]]\nb: [*x]\n", max_depth=3)
    assert "at most 1" in problem("a: &x 1\nb: *x\n", max_aliases=1)
    assert "too large" in problem("a: 1", max_bytes=3)
    assert read_yaml(b"[[1]]", "f.yaml", max_depth=2).data == [[1]]


@pytest.mark.parametrize(
    ("start", "said"),
    [
        ("[", "nested too deeply"),
        ("{a: ", "nested too deeply"),
        ("- ", "nested too deeply"),
        ("? ", "a key must be a word"),
        ("{? ", "a key must be a word"),
    ],
)
def test_endless_nesting_is_refused(start: str, said: str) -> None:
    assert said in problem(start * 100_000)


def test_alias_to_a_key_that_is_not_text() -> None:
    assert problem("a: &x [1]\n*x : 2\n") == "f.yaml:2: a key must be a word (found *x)."


def test_load_yaml(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("a: [1]\n")
    assert load_yaml(path).data == {"a": [1]}
    with pytest.raises(InputError, match=r"b\.yaml: cannot be read: No such file"):
        load_yaml(tmp_path / "b.yaml")


class Item(Strict):
    size_gb: float
    kind: str | None = None


class Shelf(Strict):
    items: tuple[Item, ...]
    by_name: dict[str, Item | bool] = Field(default_factory=dict)


def test_parse() -> None:
    document = read_yaml(b"items: [{size_gb: 1}]\nby_name: {a: true}\n", "f.yaml")
    shelf = parse(Shelf, document.data, document)
    assert shelf == Shelf(items=(Item(size_gb=1.0),), by_name={"a": True})


def test_parse_tells_every_fault_in_line_order() -> None:
    document = read_yaml(b"itms: []\nitems:\n- {size_gb: big}\n- {size: 2, kind: 3}\n", "f.yaml")
    with pytest.raises(InputError) as caught:
        parse(Shelf, document.data, document)
    assert str(caught.value).splitlines() == [
        "f.yaml:1: itms: there is no such field here. Accepted: items, by_name. "
        "Did you mean items?",
        "f.yaml:3: items.0.size_gb: this must be a number (found big).",
        "f.yaml:4: items.1.size_gb: this field is missing.",
        "f.yaml:4: items.1.kind: this must be text (found 3).",
        "f.yaml:4: items.1.size: there is no such field here. Accepted: size_gb, kind. "
        "Did you mean size_gb?",
    ]


def test_parse_of_a_part_counts_lines_from_the_file() -> None:
    document = read_yaml(
        b"shelves:\n- by_name: {}\n- items: []\n  by_name: {a: {x: 1}}\n", "f.yaml"
    )
    with pytest.raises(InputError) as caught:
        parse(Shelf, document.data["shelves"][1], document, ("shelves", 1))  # type: ignore[index]
    assert {problem.line for problem in caught.value.problems} == {4}
    assert {problem.field for problem in caught.value.problems} == {
        "by_name.a",
        "by_name.a.size_gb",
        "by_name.a.x",
    }
