"""Where `tiphys up` keeps its things: `.tiphys/` of the current folder, or TIPHYS_HOME."""

import contextlib
import os
import socket
from pathlib import Path

import msgspec
import orjson

from tiphys.model.errors import InvalidInputError

_PREFERRED = {"api": 7443, "git": 7418, "server": 7480}


class Ports(msgspec.Struct, frozen=True):
    """The ports that one workplace uses, chosen once so that addresses stay."""

    api: int
    git: int
    server: int


class Workplace:
    """The folder, and what lies where in it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.sandbox = home / "sandbox"
        self.cache = home / "cache"
        self.kubeconfig = home / "kubeconfig"
        self.git_url_file = home / "git-url"
        self.logs = home / "logs"
        self.sandbox_pid = home / "sandbox.pid"
        self.tiphys_pid = home / "tiphys.pid"

    @classmethod
    def current(cls) -> "Workplace":
        """Return the workplace that the environment names, else the one of this folder."""
        return cls(Path(os.environ.get("TIPHYS_HOME") or ".tiphys").absolute())

    def ports(self) -> Ports:
        """Return the workplace's ports; the first call chooses them and writes them down."""
        path = self.home / "ports.json"
        with contextlib.suppress(OSError, msgspec.DecodeError):
            return msgspec.json.decode(path.read_bytes(), type=Ports)
        ports = Ports(**{name: _free_port(port) for name, port in _PREFERRED.items()})
        self.home.mkdir(parents=True, exist_ok=True)
        path.write_bytes(orjson.dumps(msgspec.to_builtins(ports)))
        return ports

    def require_free(self, name: str, port: int) -> None:
        """Check that a port can be listened on.

        Raises:
            InvalidInputError: another program has it.
        """
        if not _is_free(port):
            raise InvalidInputError(
                f"port {port} is taken by another program",
                where=name,
                hint=f"Stop that program, or delete {self.home}/ports.json to choose other ports.",
            )


def _free_port(preferred: int) -> int:
    if _is_free(preferred):
        return preferred
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
