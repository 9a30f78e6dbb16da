"""Serves the questionnaire: textual-serve, made safe to leave open on one's own machine.

Another web page must not drive it: neither by opening the websocket itself nor by a name that it
makes lead to this machine (DNS rebinding). Nothing is fetched from elsewhere.
"""

from __future__ import annotations

import json
import os
import re
import socket
import sys
from asyncio import CancelledError, create_subprocess_exec, gather
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path, PurePath
from signal import SIGKILL
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler
from textual_serve.app_service import AppService
from textual_serve.server import Server, to_int

MOST_VISITORS = 8
MOST_COLUMNS, MOST_ROWS = 500, 200
PAGE = Path(__file__).parent / "page"
VISITOR = (sys.executable, "-P", "-m", "advisor_tui.web.visitor")
LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; font-src 'self';"
    " style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self' {websockets};"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}


class Visit(AppService):
    """The process of one visitor, and what passes between it and the browser."""

    arguments: Sequence[str]

    async def _open_app_process(self, width: int = 80, height: int = 24) -> Process:
        environment = self._build_environment(*within(width, height))
        environment.pop("ADVISOR_HUB", None)
        environment["ADVISOR_WEB"] = "1"
        self._process = await create_subprocess_exec(
            *self.arguments,
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            env=environment,
            start_new_session=True,
        )
        self._stdin = self._process.stdin
        return self._process

    async def set_terminal_size(self, width: int, height: int) -> None:
        await super().set_terminal_size(*within(width, height))

    async def run(self) -> None:
        with suppress(CancelledError):  # of a task for stderr that had not begun yet
            await super().run()
        await self.remote_close()

    async def on_meta(self, data: bytes) -> None:
        meta = json.loads(data)
        if "path" in meta:
            meta["path"] = re.sub(r"[^A-Za-z0-9._-]+", "-", PurePath(meta["path"]).name)
        await super().on_meta(json.dumps(meta).encode())

    async def stop(self) -> None:
        """End the process at once: it keeps nothing."""
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError, PermissionError):  # ended, and not yet told so
                os.killpg(self._process.pid, SIGKILL)
        await super().stop()
        if self._process is not None:
            await self._process.wait()


class QuestionnaireServer(Server):
    """Answers at ``listening`` those who ask for ``host`` or, on a loopback, for this machine.

    ``visitor`` is the command that each visitor gets a process of.
    """

    def __init__(
        self, listening: socket.socket, host: str, visitor: Sequence[str] = VISITOR
    ) -> None:
        address, port = listening.getsockname()[:2]
        self.everywhere = ip_address(address).is_unspecified
        name = (socket.gethostname() if self.everywhere else host).lower()
        shown = f"[{name}]" if ":" in name else name
        super().__init__(visitor[0], host, port, public_url=f"http://{shown}:{port}")
        self.listening = listening
        self.visitor = visitor
        self.names = LOCAL_NAMES | {name, address}
        self.visits: set[Visit] = set()

    def serve(self, debug: bool = False) -> None:
        """Answer until Ctrl+C or a termination signal."""
        web.run_app(self._make_app(), sock=self.listening, print=None, access_log=None)

    async def _make_app(self) -> web.Application:
        app = web.Application(middlewares=[self.refuse_strangers])
        app.add_routes(
            [
                web.get("/", self.handle_index),
                web.get("/ws", self.handle_websocket),
                web.get("/download/{key}", self.handle_download),
                web.static("/static", self.statics_path),
                web.static("/page", PAGE),
            ]
        )
        app.on_response_prepare.append(self.add_headers)
        app.on_shutdown.append(self.end_visits)
        return app

    @web.middleware
    async def refuse_strangers(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer only to names that are this server's."""
        if not self.is_ours(request.host):
            raise web.HTTPForbidden(text=f"The questionnaire is at {self.public_url}\n")
        return await handler(request)

    def is_ours(self, host: str) -> bool:
        """Whether a browser that asked for ``host`` meant this server.

        Where all addresses of the machine are served, any address is: no name was looked up.
        """
        try:
            parts = urlsplit(f"//{host.lower()}")
            name, port = parts.hostname or "", parts.port or 80
        except ValueError:
            return False
        return port == self.port and (name in self.names or (self.everywhere and is_address(name)))

    async def add_headers(self, request: web.Request, response: web.StreamResponse) -> None:
        """Keep the page to this server, and other pages away from it."""
        for name, value in HEADERS.items():
            response.headers[name] = value.format(websockets=f"ws://{request.host}")

    async def handle_index(self, request: web.Request) -> web.StreamResponse:
        """The page."""
        self.refuse_when_full()
        return web.FileResponse(PAGE / "index.html")

    def refuse_when_full(self) -> None:
        """Raise the answer for one visitor too many."""
        if len(self.visits) >= MOST_VISITORS:
            text = f"All {MOST_VISITORS} places are taken. Please try again in a few minutes.\n"
            raise web.HTTPServiceUnavailable(text=text)

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """Run the questionnaire for one visitor until either side leaves."""
        if request.headers.get("Origin") != f"http://{request.host}":
            raise web.HTTPForbidden(text="Only the page of the questionnaire may do that.\n")
        self.refuse_when_full()
        websocket = web.WebSocketResponse(heartbeat=15)
        visit = Visit(
            self.command,
            write_bytes=websocket.send_bytes,
            write_str=websocket.send_str,
            close=websocket.close,  # type: ignore[arg-type]
            download_manager=self.download_manager,
        )
        visit.arguments = self.visitor
        self.visits.add(visit)
        try:
            await websocket.prepare(request)
            width, height = (request.query.get(name, "") for name in ("width", "height"))
            await visit.start(to_int(width, 80), to_int(height, 24))
            with suppress(AssertionError, LookupError, TypeError, ValueError):  # not our page's
                await self._process_messages(websocket, visit)
        finally:
            await visit.stop()
            self.visits.discard(visit)
        return websocket

    async def end_visits(self, app: web.Application) -> None:
        """Leave no process behind."""
        await gather(*(visit.stop() for visit in self.visits))


def within(width: int, height: int) -> tuple[int, int]:
    """A size that a browser asked for, kept to what a screen can have."""
    return max(1, min(width, MOST_COLUMNS)), max(1, min(height, MOST_ROWS))


def is_address(name: str) -> bool:
    """Whether ``name`` is an IP address rather than something to look up."""
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
