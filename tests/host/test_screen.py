"""What a VNC server greets with, on a server of the test's own."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from xenvm.errors import NotFoundError
from xenvm.host.screen import vnc_version
from xenvm.host.shell import LocalShell
from xenvm.model.domain import DomainConfig
from xenvm.model.graphics import Graphics
from xenvm.model.kinds import GraphicsKind


@pytest.fixture
def port() -> Iterator[int]:
    """The port of a server that greets one client."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)

        def greet() -> None:
            with contextlib.suppress(OSError):  # the test ends, and nobody came
                client, _ = server.accept()
                with client:
                    client.sendall(b"RFB 003.008\n")

        greeter = threading.Thread(target=greet, daemon=True)
        greeter.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        greeter.join(timeout=20)


def plug(port: int, listen: str = "127.0.0.1") -> Any:  # noqa: ANN401 - all of a plug that is asked
    screen = Graphics(kind=GraphicsKind.VNC, port=port, listen=listen)
    config = DomainConfig(name="guest", graphics=(screen,))
    return SimpleNamespace(name="guest", shell=LocalShell(), config=lambda: config)


def test_a_screen_says_its_version(port: int) -> None:
    assert vnc_version(plug(port)) == "RFB 003.008"


def test_an_address_is_no_command(port: int, tmp_path: Path) -> None:
    made = tmp_path / "made"
    with pytest.raises(NotFoundError, match="nobody answers for the screen of guest"):
        vnc_version(plug(port, f"127.0.0.1/1; touch {made}; : "))
    assert not made.exists()
