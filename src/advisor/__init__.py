"""Explained hardware advice for running language models locally."""

__version__ = "0.1.0"
