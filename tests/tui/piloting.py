"""Driving the questionnaire without a terminal, and reading what it shows."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Awaitable, Callable

from rich.console import Console
from textual.app import App
from textual.pilot import Pilot

NARROW, WIDE = (80, 24), (120, 40)
SIZES = [NARROW, WIDE]


def drive(
    app: App,
    script: Callable[[Pilot], Awaitable[None]],
    size: tuple[int, int] = WIDE,
) -> None:
    """Run ``script`` in the app, then leave it."""

    async def session() -> None:
        async with app.run_test(size=size, notifications=True) as pilot:
            await settled(pilot)
            await script(pilot)

    asyncio.run(session())


async def settled(pilot: Pilot) -> None:
    """Wait until every worker is done and everything is drawn."""
    await pilot.pause()
    await pilot.app.workers.wait_for_complete()
    await pilot.pause()


def screen_text(app: App) -> str:
    """What is on the screen, without colours, a line a row."""
    width, height = app.size
    console = Console(
        width=width,
        height=height,
        file=io.StringIO(),
        force_terminal=True,
        color_system="truecolor",
        record=True,
        legacy_windows=False,
        safe_box=False,
    )
    console.print(app.screen._compositor.render_update(full=True))
    text = console.export_text(styles=False)
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"
