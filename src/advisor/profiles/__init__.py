"""Profile files: read, checked, and refused in words."""

from .reader import profile_from, read_profile

__all__ = ["profile_from", "read_profile"]
