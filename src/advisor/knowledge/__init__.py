"""The facts editors keep: loaded when asked for, checked as they load."""

from advisor.model.catalog import Priority, Trial

from .base import Knowledge
from .lookup import Unknown

__all__ = ["Knowledge", "Priority", "Trial", "Unknown"]
