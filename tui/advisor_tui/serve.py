"""The questionnaire in browsers: what ``advisor --serve`` opens, and what it tells."""

from __future__ import annotations

import socket
import sys
from contextlib import redirect_stdout
from ipaddress import ip_address

from advisor.errors import InputError, Problem, visible

ASKED = "advisor --serve"


def serve(host: str, port: int) -> None:
    """Show the questionnaire to browsers until Ctrl+C; port 0 takes a free one.

    Raises InputError when the address cannot be listened on, or when textual-serve is missing.
    """
    try:
        from .web.server import QuestionnaireServer
    except ImportError as error:
        what = "what shows the questionnaire in browsers is not installed"
        how = "pip install 'advisor[serve]'"
        raise InputError(Problem(ASKED, what, found=error.name, accepted=how)) from None
    with listen(host, port) as listening:
        server = QuestionnaireServer(listening, host)
        if not ip_address(listening.getsockname()[0]).is_loopback:
            tell(f"advisor: {visible(host)} is not this machine alone: anybody who reaches it can")
            tell("use the questionnaire, unencrypted and without a password.")
        tell(f"The questionnaire is at {server.public_url} (Ctrl+C ends it)")
        with redirect_stdout(sys.stderr):
            server.serve()


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens at the first address of ``host``."""
    try:
        if not 0 <= port <= 65535:
            raise OverflowError("ports are numbers from 0 to 65535")
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address, family=family)
    except (OSError, OverflowError, UnicodeError) as error:
        what = f"nothing can be served at {visible(host)}, port {port}"
        found = str(getattr(error, "strerror", error)).partition(" (while ")[0]
        how = "another port (advisor --serve 8765) or an address of this machine"
        raise InputError(Problem(ASKED, what, found=found, accepted=how)) from None


def tell(line: str) -> None:
    """Standard output is kept for results."""
    print(line, file=sys.stderr, flush=True)
