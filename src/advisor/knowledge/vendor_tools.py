"""Which commands show what the devices of a vendor do."""

from __future__ import annotations

from collections.abc import Iterable

from advisor.model.catalog import VendorTools

from .base import Knowledge
from .checks import check_cites
from .kinds import VENDOR_TOOLS
from .tables import read_rows


def tools_of(knowledge: Knowledge, vendors: Iterable[str], os: str) -> tuple[VendorTools, ...]:
    """The tools of each vendor under ``os``, or those for any system."""
    rows = read_rows(VENDOR_TOOLS, knowledge.folders)
    check_cites(rows, knowledge.sources)
    tools = {(row.entry.vendor, row.entry.os): row.entry for row in rows}
    return tuple(
        found
        for vendor in dict.fromkeys(vendors)
        if (found := tools.get((vendor, os)) or tools.get((vendor, "any"))) is not None
    )
