"""Profile files: read, checked, and refused in words."""

from .reader import override, profile_from, read_profile

__all__ = ["override", "profile_from", "read_profile"]
