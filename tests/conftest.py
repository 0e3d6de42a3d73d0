"""What every test shares: no network but loopback, a workspace of its own, and the shared data where they are."""

import ipaddress
import logging
import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from command_line import Commands

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("SHARED", ROOT.parent / "shared"))

# One thread a test process: two workers share two cores, and "bitwise equal" holds for one thread count only.
os.environ["OMP_NUM_THREADS"] = "1"
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.pop("FOTOTECA_HOME", None)


@pytest.fixture(autouse=True)
def only_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every connection to another machine is an error."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> Any:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_loopback(address[0]):
            raise AssertionError(f"a test tried to reach {address}: only loopback is allowed")
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(autouse=True)
def as_loud_as_before() -> Iterator[None]:
    """A command that a test runs in this process sets the root logger's level; the next test finds its own."""
    level = logging.getLogger().level
    yield
    logging.getLogger().setLevel(level)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """An empty workspace."""
    return tmp_path / "workspace"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of shared reference data, or a skip."""
    folder = SHARED / "data"
    if not folder.is_dir():
        pytest.skip("shared/data not present")
    return folder


@pytest.fixture(scope="session")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commands]:
    """The program, imported once and forked for each command."""
    waiting = Commands(ROOT, tmp_path_factory.mktemp("commands"))
    yield waiting
    waiting.close()


@pytest.fixture
def fototeca(commands: Commands, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the command line in a process of its own: `fototeca("status", "--json", kill_at="pour.inside")`."""

    def run(
        *words: object, kill_at: str | None = None, cwd: Path | None = None, **extra: str
    ) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "OMP_NUM_THREADS": "1", **extra}
        environment.pop("FOTOTECA_KILL_AT", None)
        if kill_at:
            environment["FOTOTECA_KILL_AT"] = kill_at
        return commands.run(list(map(str, words)), cwd=cwd or tmp_path, environment=environment)

    return run


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
