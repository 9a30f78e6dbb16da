"""The built wheel, in an environment of its own, away from the checkout."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest


def run(*command: str | Path, cwd: Path) -> str:
    """Standard output of a command that must succeed, without the caller's Python settings."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    if sys.version_info >= (3, 13):
        env["CPPFLAGS"] = "-DPyEval_CallObject=PyObject_CallObject"
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    run(*pip, "--wheel-dir", out, root, cwd=out)
    [built] = out.glob("advisor-*.whl")
    return built


def test_the_wheel_ships_every_rule_and_fact(root: Path, wheel: Path) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    for folder in ("rules", "knowledge"):
        files = {path.relative_to(root).as_posix() for path in root.glob(f"{folder}/**/*.yaml")}
        assert files
        assert {f"advisor/_data/{name}" for name in files} <= inside
    assert {"advisor_tui/app.py", "advisor_tui/web/page/index.html"} <= inside


def test_the_wheel_gives_advice_from_another_folder(
    root: Path, wheel: Path, tmp_path: Path
) -> None:
    home = tmp_path / "environment"
    venv.create(home, with_pip=True)
    pip = [home / "bin/python", "-m", "pip", "install", "--quiet"]
    kept = Path(sys.prefix, "wheels")  # ./dev test keeps the pinned wheels there
    offline = ["--no-index", "--find-links", kept] if kept.is_dir() else []
    run(*pip, *offline, "-c", root / "requirements/run.txt", wheel, cwd=tmp_path)
    work = tmp_path / "work"
    work.mkdir()
    profile = shutil.copy(root / "examples/add-a-3090.yaml", work / "me.yaml")

    advice = json.loads(run(home / "bin/advisor", "advise", profile, "--format", "json", cwd=work))
    assert advice["verdict"] == "add"
    assert advice["recommendation"]["slug"] == "2x-rtx-3090-nvlink"

    code = "from advisor.resources import *; print(rules_dir()); print(knowledge_dir())"
    folders = run(home / "bin/python", "-c", code, cwd=work).splitlines()
    assert len(folders) == 2
    assert all(Path(folder).is_relative_to(home) for folder in folders)

    own = work / "own"
    told = run(home / "bin/advisor", "new", "price", "rtx-3090", "--knowledge", own, cwd=work)
    assert told.startswith("own/prices.yaml:1\n")
    check = [home / "bin/advisor", "check", "--quick", "--knowledge", own]
    found = subprocess.run(check, cwd=work, capture_output=True, text=True)
    assert (found.returncode, found.stderr) == (2, "")
    assert "K105: THE LINE IS STILL TO BE FILLED IN\n- own/prices.yaml:" in found.stdout
    assert set(re.findall("^K[0-9]+", found.stdout, re.MULTILINE)) == {"K105"}
    page = run(home / "bin/advisor", "check", "--explain", "K105", cwd=work)
    assert page == (root / "docs/findings/K105.md").read_text(encoding="utf-8")
