"""``advisor --serve``: who is answered, what visitors get, and how it ends. No browser here."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest
from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType, WSServerHandshakeError
from aiohttp.web import AppRunner, SockSite

from advisor import api
from advisor.cli import run
from advisor.errors import InputError
from advisor_tui import serve as serving
from advisor_tui.web import server as web
from advisor_tui.web.server import QuestionnaireServer

ECHO = """
import json, os, sys
def send(kind, payload):
    sys.stdout.buffer.write(kind + len(payload).to_bytes(4, "big") + payload)
    sys.stdout.buffer.flush()
print("__GANGLION__", flush=True)
send(b"D", json.dumps({"pid": os.getpid(), "executable": sys.executable, **os.environ}).encode())
while head := sys.stdin.buffer.read(5):
    send(b"D", sys.stdin.buffer.read(int.from_bytes(head[1:], "big")))
"""
DELIVERS = """
import io
from textual.app import App
from advisor_tui.web.visitor import VisitorDriver
class Delivers(App):
    def on_mount(self):
        name = 'advice "of"\\r\\nSet-Cookie: a=b \\u202e.md'
        self.deliver_text(io.StringIO(TEXT), save_filename=name, mime_type="text/markdown")
Delivers(driver_class=VisitorDriver).run()
"""
TEXT = "GiB – ≈ 28–39 tok/s × 2\n" * 9000


class Page:
    """One server inside the test, and a browser's way to it."""

    def __init__(self, server: QuestionnaireServer, client: ClientSession) -> None:
        self.server = server
        self.client = client
        self.url = f"http://127.0.0.1:{server.port}"

    @asynccontextmanager
    async def visit(
        self, query: str = "", **headers: str
    ) -> AsyncIterator[ClientWebSocketResponse]:
        """A websocket as our page opens it."""
        to = f"{self.url}/ws{query}"
        async with self.client.ws_connect(to, headers={"Origin": self.url, **headers}) as opened:
            yield opened


@asynccontextmanager
async def served(visitor: str = ECHO, host: str = "127.0.0.1") -> AsyncIterator[Page]:
    """A server whose visitors run a small program instead of the questionnaire."""
    with serving.listen("127.0.0.1", 0) as listening:
        server = QuestionnaireServer(listening, host, (sys.executable, "-c", visitor))
        runner = AppRunner(await server._make_app())
        await runner.setup()
        await SockSite(runner, listening).start()
        async with ClientSession() as client:
            yield Page(server, client)
            await runner.cleanup()


def within_page(script: Callable[[Page], Awaitable[None]], visitor: str = ECHO) -> None:
    async def session() -> None:
        async with asyncio.timeout(20), served(visitor) as page:
            await script(page)

    asyncio.run(session())


async def first_words(websocket: ClientWebSocketResponse) -> dict[str, str]:
    return json.loads(await websocket.receive_bytes())


def alive(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    try:
        return stat.read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def children(pid: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = stat.read_text().rpartition(")")[2].split()[1]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if parent == str(pid):
            found.append(int(stat.parent.name))
    return found


def wait_until(happened: Callable[[], bool], most_s: float = 10) -> None:
    end = time.monotonic() + most_s
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_the_page_names_nothing_outside() -> None:
    async def script(page: Page) -> None:
        async with page.client.get(page.url) as answer:
            text = await answer.text()
            policy = answer.headers["Content-Security-Policy"]
            assert answer.status == 200
        assert '<html lang="en">' in text
        assert "<noscript>" in text
        assert "default-src 'none'" in policy
        assert f"connect-src 'self' ws://127.0.0.1:{page.server.port};" in policy
        named = re.findall(r'(?:href|src)="(/[^"]+)"', text)
        assert len(named) == 4
        while named:
            name = named.pop()
            async with page.client.get(page.url + name) as answer:
                assert answer.status == 200
                if not name.endswith(".ttf"):
                    inside = re.sub(r"/\*.*?\*/", "", await answer.text(), flags=re.DOTALL)
                    text += inside
                    named += re.findall(r'url\("?(/[^")]+)', inside)
        assert len(text) > 100_000
        assert re.findall(r"""https?://[a-z]|["'(]//[a-z]""", text) == []

    within_page(script)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:{port}", 200),
        ("LocalHost:{port}", 200),
        ("[::1]:{port}", 200),
        ("evil.example:{port}", 403),
        ("localhost.evil.example:{port}", 403),
        ("192.168.1.5:{port}", 403),
        ("127.0.0.1", 403),
        ("127.0.0.1:1", 403),
        ("127.0.0.1:x", 403),
        ("[::1", 403),
    ],
)
@pytest.mark.parametrize("path", ["/", "/page/page.js", "/download/x"])
def test_only_our_own_names_are_answered(host: str, status: int, path: str) -> None:
    async def script(page: Page) -> None:
        headers = {"Host": host.format(port=page.server.port)}
        async with page.client.get(page.url + path, headers=headers) as answer:
            expected = 404 if status == 200 and path == "/download/x" else status
            assert answer.status == expected

    within_page(script)


@pytest.mark.parametrize(
    ("host", "names", "others"),
    [
        ("box.lan", ["box.lan", "BOX.LAN", "localhost"], ["evil.example", "192.168.1.9"]),
        ("0.0.0.0", ["192.168.1.9", "[fd00::9]", "localhost", "{own}"], ["evil.example", ""]),
    ],
)
def test_names_of_a_server_for_others(host: str, names: list[str], others: list[str]) -> None:
    with serving.listen("0.0.0.0" if host == "0.0.0.0" else "127.0.0.1", 0) as listening:
        server = QuestionnaireServer(listening, host)
        own = socket.gethostname()
        asked = [f"{name.format(own=own)}:{server.port}" for name in names + others]
        assert list(map(server.is_ours, asked)) == [True] * len(names) + [False] * len(others)
        assert not any(server.is_ours(name) for name in names)


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "null", "", "http://localhost:{port}", "https://127.0.0.1:{port}"],
)
def test_other_pages_cannot_open_the_websocket(origin: str) -> None:
    async def script(page: Page) -> None:
        with pytest.raises(WSServerHandshakeError) as refused:
            async with page.visit(Origin=origin.format(port=page.server.port)):
                pass
        assert refused.value.status == 403
        with pytest.raises(WSServerHandshakeError):
            async with page.client.ws_connect(f"{page.url}/ws"):
                pass
        assert page.server.visits == set()

    within_page(script)


def test_nothing_but_the_page_can_be_read() -> None:
    async def script(page: Page) -> None:
        for path in ("/static/", "/page/", "/static/js/", "/page/%2e%2e/server.py", "/page/x"):
            async with page.client.get(page.url + path) as answer:
                assert answer.status in (403, 404), path

    within_page(script)


def test_a_visitor_has_a_process_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADVISOR_HUB", "1")

    async def script(page: Page) -> None:
        async with page.visit("?width=1000000000&height=-3") as one, page.visit() as two:
            first, second = await first_words(one), await first_words(two)
            assert first["pid"] != second["pid"]
            assert first["executable"] == sys.executable
            assert first["ADVISOR_WEB"] == "1"
            assert "ADVISOR_HUB" not in first
            assert (first["COLUMNS"], first["ROWS"]) == ("500", "1")
            assert (second["COLUMNS"], second["ROWS"]) == ("80", "24")
            await two.send_json(["stdin", "only me"])
            assert await two.receive_bytes() == b"only me"
            await two.send_json(["resize", {"width": 10**9, "height": 40}])
            resized = json.loads(await two.receive_bytes())
            assert (resized["width"], resized["height"]) == (500, 40)
        pids = [int(first["pid"]), int(second["pid"])]
        while page.server.visits:
            await asyncio.sleep(0.01)
        assert not any(map(alive, pids))

    within_page(script)


def test_one_visitor_too_many_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "MOST_VISITORS", 1)

    async def script(page: Page) -> None:
        async with page.visit() as one:
            await first_words(one)
            async with page.client.get(page.url) as answer:
                assert answer.status == 503
                assert "All 1 places are taken" in await answer.text()
            with pytest.raises(WSServerHandshakeError) as refused:
                async with page.visit():
                    pass
            assert refused.value.status == 503
        while page.server.visits:
            await asyncio.sleep(0.01)
        async with page.visit() as another:
            await first_words(another)

    within_page(script)


@pytest.mark.parametrize("message", ["no JSON", "{}", "[]", '["resize", 5]', '["stdin"]', "3"])
def test_a_strange_message_ends_that_visit_only(
    message: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def script(page: Page) -> None:
        async with page.visit() as other, page.visit() as strange:
            await first_words(strange)
            await strange.send_str(message)
            assert (await strange.receive()).type in (WSMsgType.CLOSE, WSMsgType.CLOSED)
            await first_words(other)
            await other.send_json(["stdin", "still here"])
            assert await other.receive_bytes() == b"still here"

    within_page(script)
    assert caplog.records == []


@pytest.mark.parametrize("start", ["", "print('__GANGLION__', flush=True);"])
def test_a_process_that_dies_ends_the_visit(start: str, capfd: pytest.CaptureFixture[str]) -> None:
    async def script(page: Page) -> None:
        async with page.visit() as websocket:
            assert (await websocket.receive()).type is WSMsgType.CLOSE

    within_page(script, start + "raise SystemExit(3)")


def test_a_download_arrives_byte_for_byte() -> None:
    async def script(page: Page) -> None:
        async with page.visit() as websocket:
            async for message in websocket:
                if message.type is WSMsgType.TEXT:
                    break
            kind, key = message.json()
            assert kind == "deliver_file_start"
            async with page.client.get(f"{page.url}/download/{key}") as answer:
                assert answer.headers["Content-Type"] == "text/markdown; charset=utf-8"
                named = answer.headers["Content-Disposition"]
                assert named == "attachment; filename=advice-of-Set-Cookie-a-b-.md"
                assert "Set-Cookie" not in answer.headers
                assert await answer.read() == TEXT.encode()
            async with page.client.get(f"{page.url}/download/{key}") as answer:
                assert answer.status == 404

    within_page(script, f"TEXT = {TEXT[:24]!r} * 9000\n{DELIVERS}")


@pytest.mark.parametrize("name", ["model.gguf", "config.json", "missing.gguf", ""])
def test_a_visitor_cannot_name_files_of_the_server(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ADVISOR_WEB", "1")
    for file in ("model.gguf", "config.json"):
        (tmp_path / file).write_text("{}")
    profile = api.profile_from({"target_model": str(tmp_path / name)}, "me")
    with pytest.raises(InputError) as refused:
        api.consult(profile)
    wanted = "in the browser no file can be named" if name else "is not in the catalogue"
    assert wanted in str(refused.value)


@contextmanager
def command(*args: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """``advisor --serve`` in its own process, and the last line it tells at the start."""
    process = subprocess.Popen(
        [sys.executable, "-m", "advisor.cli", *args],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            told = ""
            for line in process.stderr or ():
                told += line
                if "Ctrl+C" in line:
                    break
            yield process, told
        finally:
            process.kill()


async def questionnaire_starts(url: str, then: Callable[[], None]) -> None:
    origin = {"Origin": url}
    async with ClientSession() as client, client.ws_connect(f"{url}/ws", headers=origin) as opened:
        while b"Which AI model" not in await opened.receive_bytes():
            pass
        then()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_end_of_the_server_ends_the_questionnaires(how: signal.Signals) -> None:
    with command("--serve", "0") as (process, told):
        assert re.fullmatch(
            r"The questionnaire is at http://127\.0\.0\.1:\d+ \(Ctrl\+C ends it\)\n", told
        )
        visitors: list[int] = []

        def end() -> None:
            visitors.extend(children(process.pid))
            process.send_signal(how)
            process.wait(10)

        asyncio.run(questionnaire_starts(told.split()[4], end))
        assert len(visitors) == 1
        wait_until(lambda: not alive(visitors[0]))
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.returncode == (-how if how == signal.SIGKILL else 0)
        assert (process.stdout.read(), process.stderr.read()) == ("", "")


def test_serving_others_is_warned_of() -> None:
    with command("--serve", "0", "--host", "0.0.0.0") as (_, told):
        first, second, third = told.splitlines()
        assert first == "advisor: 0.0.0.0 is not this machine alone: anybody who reaches it can"
        assert second == "use the questionnaire, unencrypted and without a password."
        assert f"http://{socket.gethostname().lower()}:" in third


def failed(capsys: pytest.CaptureFixture[str], *args: str) -> str:
    assert run(list(args)) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    return shown.err


def test_a_port_that_is_taken(capsys: pytest.CaptureFixture[str]) -> None:
    with serving.listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        assert failed(capsys, "--serve", str(port)) == (
            f"advisor --serve: nothing can be served at 127.0.0.1, port {port} (found Address"
            " already in use). Accepted: another port (advisor --serve 8765) or an address of"
            " this machine.\n"
        )


@pytest.mark.parametrize("host", ["192.0.2.1", "a" * 80, "no such\nhost", "\x1b[31m"])
def test_an_address_that_is_not_here(host: str, capsys: pytest.CaptureFixture[str]) -> None:
    told = failed(capsys, "--serve", "0", "--host", host)
    assert told.startswith("advisor --serve: nothing can be served at ")
    assert told.count("\n") == 1
    assert "\x1b" not in told


def test_without_the_package(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "advisor_tui.web.server")
    monkeypatch.setitem(sys.modules, "textual_serve.app_service", None)
    told = failed(capsys, "--serve", "0")
    assert told.endswith("Accepted: pip install 'advisor[serve]'.\n")
    assert told.count("\n") == 1


@pytest.mark.parametrize(
    ("args", "word"),
    [
        (["--serve", "many"], "'--serve'"),
        (["--serve", "65536"], "port 65536"),
        (["--host", "localhost"], "--host goes with --serve"),
        (["--serve", "0", "catalog", "quants"], "--serve stands alone"),
    ],
)
def test_options_that_do_not_go_together(
    args: list[str], word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert word in failed(capsys, *args)
