"""Unpacks archives that strangers wrote: nothing leaves the folder, nothing grows without limit.

The archive is decompressed into a file first, up to the limit; then its members are written one by
one. Links come last, so that no file is ever written through one, and are followed to their real
end before they are accepted.

Source: Argo CD operator manual, "Security", out-of-bounds symlinks.
"""

import gzip
import io
import tarfile
import zlib
from pathlib import Path
from typing import BinaryIO

from tiphys.model.errors import InvalidInputError, RenderError
from tiphys.sources.api import contained

_CHUNK_BYTES = 1024 * 1024
_MAX_HEADER_BYTES = 1024 * 1024
_MAX_MEMBERS = 100_000
_GZIP = b"\x1f\x8b"


def unpack(archive: Path, folder: Path, *, max_bytes: int, subject: str) -> None:
    """Write the members of a tar, compressed with gzip or not, below an empty folder.

    Args:
        archive: the file.
        folder: is there and empty; holds half of it after an error.
        max_bytes: of the archive when it is decompressed.
        subject: "chart" or "oci image", for the messages.

    Raises:
        RenderError: it is damaged, too large, or a path or link leads outside.
    """
    plain = archive.with_suffix(".plain")
    try:
        _decompress(archive, plain, max_bytes)
        with plain.open("rb") as file, tarfile.open(fileobj=_Careful(file), mode="r:") as tar:
            _write_members(tar, folder, subject)
    except (tarfile.TarError, EOFError, gzip.BadGzipFile, zlib.error, ValueError, OSError) as err:
        raise RenderError(f"the {subject} is no readable archive: {err}") from err
    finally:
        plain.unlink(missing_ok=True)


class _Careful(io.RawIOBase):
    """A file that refuses to be read in one huge piece, which only a forged header asks for."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= _MAX_HEADER_BYTES:
            raise tarfile.ReadError("a header is too large")
        return self._file.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()


def _decompress(archive: Path, plain: Path, max_bytes: int) -> None:
    with archive.open("rb") as raw:
        is_packed = raw.read(2) == _GZIP
        raw.seek(0)
        source: BinaryIO = gzip.GzipFile(fileobj=raw) if is_packed else raw  # type: ignore[assignment]
        left = max_bytes
        with plain.open("wb") as target:
            while chunk := source.read(_CHUNK_BYTES):
                left -= len(chunk)
                if left < 0:
                    raise RenderError(f"the archive is larger than {max_bytes} bytes unpacked")
                target.write(chunk)


def _write_members(tar: tarfile.TarFile, folder: Path, subject: str) -> None:
    links: list[tuple[str, str]] = []
    for count, member in enumerate(tar):
        if count >= _MAX_MEMBERS:
            raise RenderError(f"the {subject} has more than {_MAX_MEMBERS} files")
        name = _safe_name(member.name, subject)
        if member.issym():
            links.append((name, member.linkname))
        else:
            _write_member(tar, member, folder / name)
    _write_links(links, folder, subject)


def _write_member(tar: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> None:
    if member.islnk():
        raise RenderError(f"illegal filepath in symlink: {member.name} is a hard link")
    if member.isdir():
        path.mkdir(parents=True, exist_ok=True)
    elif member.isreg() and not member.issparse():
        _write_file(tar, member, path)


def _write_links(links: list[tuple[str, str]], folder: Path, subject: str) -> None:
    for name, goal in links:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(goal)
    root = folder.resolve()
    for name, goal in links:
        if goal.startswith("/") or not _end(folder / name).is_relative_to(root):
            raise RenderError(f"{subject} contains out-of-bounds symlinks. file: {name}")


def _safe_name(name: str, subject: str) -> str:
    try:
        return contained(name)
    except InvalidInputError as err:
        raise RenderError(f"illegal filepath in the {subject}: {name}") from err


def _end(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError):  # a loop of links leads nowhere, hence outside
        return Path("/")


def _write_file(tar: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> None:
    source = tar.extractfile(member)
    assert source is not None
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as target:
        while chunk := source.read(64 * 1024):
            target.write(chunk)
    if member.mode & 0o100:
        path.chmod(0o755)
