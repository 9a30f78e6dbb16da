"""One registry names every kind of file the knowledge base holds."""

import pytest

from advisor.errors import InputError
from advisor.knowledge import Knowledge
from advisor.knowledge.kinds import EVERY, KINDS, VERSION, Table
from advisor.knowledge.tables import read_rows, read_whole
from advisor.resources import knowledge_dir

TABLES = [kind for kind in EVERY if isinstance(kind, Table)]
MAPS = [kind for kind in EVERY if not isinstance(kind, Table)]


def named(kind):
    return kind.name


def test_every_file_is_of_a_kind_and_every_kind_has_a_file():
    folder = knowledge_dir()
    files = [path.relative_to(folder) for path in folder.rglob("*.yaml")]
    assert {path.parts[0].removesuffix(".yaml") for path in files} == set(KINDS)


def test_names_are_not_used_twice():
    assert len(KINDS) == len(EVERY)
    assert len({kind.title for kind in EVERY}) == len(EVERY)


@pytest.mark.parametrize("kind", TABLES, ids=named)
def test_entries_of_a_table_are_read_as_its_type(kind):
    rows = read_rows(kind, (knowledge_dir(),))
    assert rows
    assert {type(row.entry) for row in rows} == {kind.type}


@pytest.mark.parametrize("kind", MAPS, ids=named)
def test_a_map_is_read_as_its_type(kind):
    assert type(read_whole(kind, knowledge_dir())) is kind.type


@pytest.mark.parametrize("kind", EVERY, ids=named)
def test_an_overlay_may_hold_what_the_registry_says(tmp_path, kind):
    (tmp_path / f"{kind.name}.yaml").write_text("[]\n")
    if kind.overlay:
        Knowledge.load((tmp_path,))
        return
    with pytest.raises(InputError) as caught:
        Knowledge.load((tmp_path,))
    (problem,) = caught.value.problems
    assert problem.found == f"{kind.name}.yaml"
    assert kind.name not in problem.accepted.replace(",", "").replace(".yaml", "").split()


def test_the_file_of_a_map_must_be_there(tmp_path):
    with pytest.raises(InputError, match=r"version\.yaml: cannot be read"):
        read_whole(VERSION, tmp_path)
