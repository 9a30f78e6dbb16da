"""Pages that are kept to be read and reviewed: one file a case, named after the case."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from syrupy.data import Snapshot, SnapshotCollection
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode
from syrupy.location import PyTestLocation
from syrupy.types import SerializableData, SnapshotIndex

ROOT = Path(__file__).parents[1]


class Pages(SingleFileSnapshotExtension):
    """The pages of ``folder``, kept by the test ``test``: the id of a case is the name of its file.

    Every byte is the test's: lines end with a line feed on every system.
    """

    _write_mode = WriteMode.TEXT
    file_extension = "md"
    folder: Path
    test: str

    @classmethod
    def dirname(cls, *, test_location: PyTestLocation) -> str:
        return str(cls.folder)

    @classmethod
    def get_file_basename(cls, *, test_location: PyTestLocation, index: SnapshotIndex) -> str:
        return test_location.testname.removeprefix(f"{cls.test}[").removesuffix("]")

    @classmethod
    def matches_test_location(
        cls, *, test_location: PyTestLocation, snapshot_location: str
    ) -> bool:
        return Path(snapshot_location).parent == cls.folder

    def read_snapshot_collection(self, *, snapshot_location: str) -> SnapshotCollection:
        page = SnapshotCollection(location=snapshot_location)
        page.add(Snapshot(name=f"{self.test}[{Path(snapshot_location).stem}]"))
        return page

    def read_snapshot_data_from_location(
        self, *, snapshot_location: str, snapshot_name: str, session_id: str
    ) -> SerializableData | None:
        page = Path(snapshot_location)
        return page.read_bytes().decode("utf-8") if page.exists() else None

    @classmethod
    def write_snapshot_collection(
        cls,
        *,
        snapshot_collection: SnapshotCollection,
        name_order: dict[str, int] | None = None,
    ) -> None:
        page = next(iter(snapshot_collection))
        Path(snapshot_collection.location).write_bytes(str(page.data).encode("utf-8"))

    @classmethod
    def others(cls, names: Iterable[str], remove: bool) -> list[str]:
        """The pages of no case of those names, which go when they are to be written anew."""
        stale = sorted(
            set(cls.folder.iterdir())
            - {cls.folder / f"{name}.{cls.file_extension}" for name in names}
        )
        for page in stale if remove else ():
            page.unlink(missing_ok=True)
        return [] if remove else [page.name for page in stale]


class AdvicePages(Pages):
    """The advice for each profile of tests/corpus."""

    folder = ROOT / "tests" / "__snapshots__" / "advice"
    test = "test_advice_reads_as_it_did"


class RulePages(Pages):
    """The page of each rule and their index."""

    folder = ROOT / "docs" / "rules"
    test = "test_page_of_a_rule_is_what_the_command_says"


class ScreenImages(Pages):
    """Screens of the questionnaire as pictures, which the documentation shows."""

    file_extension = "svg"
    folder = ROOT / "docs" / "screens"
    test = "test_screen_looks_as_it_did"


class ScreenTexts(Pages):
    """The same screens as text, a line a row."""

    file_extension = "txt"
    folder = ROOT / "tests" / "__snapshots__" / "screens"
    test = "test_screen_reads_as_it_did"
