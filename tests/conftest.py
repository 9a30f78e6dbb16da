"""Every test starts from the same surroundings, whatever the caller's shell holds."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from consulted import CORPUS, Consultations
from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")

LONGEST = (
    "test_editors_page.py",
    "test_check.py",
    "test_promises.py",
    "test_screens.py",
    "test_wheel.py",
    "test_browser.py",
    "test_terminal.py",
)
PROFILES = frozenset(path.stem for path in CORPUS)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """With several processes, a file of tests is one piece of work, except that the tests of one
    profile of the corpus, from whatever file, are a piece of their own."""
    from xdist.scheduler import LoadScopeScheduling

    class ByProfile(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            file, _, case = nodeid.partition("[")
            profile = case.removesuffix("]")
            return profile if profile in PROFILES else file.partition("::")[0]

    return ByProfile(config, log)


def pytest_collection_modifyitems(items):
    """What takes longest comes first, so that no process waits for it at the end."""
    items.sort(key=lambda item: item.path.name not in LONGEST)


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ADVISOR_ENGINE", "NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return Path(__file__).parents[1]


@pytest.fixture(scope="session")
def consulted(tmp_path_factory: pytest.TempPathFactory) -> Consultations:
    """The consultations of the profiles of the corpus, shared by all processes of a run."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "consulted"
    folder.mkdir(exist_ok=True)
    return Consultations(folder)
