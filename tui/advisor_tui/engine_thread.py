"""The one thread that touches the rule engine."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
Stop = Callable[[], bool]
"""Tells work that nobody waits for it any more."""


class EngineThread:
    """Runs pieces of work one after another on a thread of their own."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, "engine")
        self._idle: list[threading.Event] = []

    async def run(self, work: Callable[[Stop], T], idle: bool = False) -> T:
        """The result of ``work``, which may look at its argument to end early.

        Work whose waiter was cancelled before it began is never begun. ``idle`` work is told to end
        as soon as there is other work.
        """
        given_up = threading.Event()
        for event in self._idle:
            event.set()
        self._idle = [given_up] if idle else []
        future = self._pool.submit(work, given_up.is_set)
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            given_up.set()
            raise

    def close(self) -> None:
        """Begin nothing more. Does not wait for what is under way."""
        self._pool.shutdown(wait=False, cancel_futures=True)
