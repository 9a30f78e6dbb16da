"""The facts editors keep: loaded when asked for, checked as they load."""

from advisor.model.catalog import Priority, Trial

from .base import Knowledge
from .lookup import Unknown
from .tables import entry_schemas

__all__ = ["Knowledge", "Priority", "Trial", "Unknown", "entry_schemas"]
