"""Reads one chart's entries out of a Helm repository's `index.yaml`.

An index may hold tens of megabytes of charts that nobody asked for. Helm writes it in a regular
form, so the lines of one chart are cut out and only these are parsed; an index of another form is
parsed as a whole, up to a limit.

Source: Helm documentation, "The Chart Repository Guide", "The index file".
"""

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec
import yaml

from tiphys.model.errors import SourceError

_MAX_WHOLE_BYTES = 8 * 1024 * 1024
_MAX_ENTRY_BYTES = 8 * 1024 * 1024
_MAX_LINE_BYTES = 1024 * 1024
_UNREADABLE = (yaml.YAMLError, ValueError, TypeError, LookupError, AttributeError, RecursionError)
_KEY = re.compile(rb"""^( +)(["']?)([^\s"'#-][^"':]*)\2:\s*$""")


class ChartVersion(msgspec.Struct, frozen=True):
    """One version of a chart; `digest` is the archive's SHA-256, "" when the index has none."""

    version: str
    urls: tuple[str, ...] = ()
    digest: str = ""


def chart_versions(index: Path, chart: str) -> tuple[ChartVersion, ...]:
    """Return the versions of a chart, empty when the index does not know it.

    Raises:
        SourceError: it is no index, or its form and size do not allow to read it.
    """
    cut = _cut(index, chart)
    if cut is not None:
        with contextlib.suppress(*_UNREADABLE):
            return _versions(yaml.load(cut, Loader=yaml.CBaseLoader))  # noqa: S506 -- strings only
    if index.stat().st_size > _MAX_WHOLE_BYTES:
        what = f"the index is larger than {_MAX_WHOLE_BYTES} bytes and not in Helm's form"
        raise SourceError(what, transient=False)
    try:
        document = yaml.load(index.read_bytes(), Loader=yaml.CBaseLoader)  # noqa: S506 -- strings only
        return _versions(document["entries"].get(chart, ()))
    except _UNREADABLE as err:
        text = " ".join(str(err).split())[:200]
        raise SourceError(f"index.yaml is no index of charts: {text}", transient=False) from err


def all_charts(index: Path) -> dict[str, tuple[str, ...]]:
    """Return the versions of every chart, by its name.

    Raises:
        SourceError: it is no index, or it is too large to be read as a whole.
    """
    if index.stat().st_size > _MAX_ENTRY_BYTES:
        what = f"the index is larger than {_MAX_ENTRY_BYTES} bytes, too large to list its charts"
        raise SourceError(what, transient=False)
    try:
        document = yaml.load(index.read_bytes(), Loader=yaml.CBaseLoader)  # noqa: S506 -- strings only
        return {
            str(name): tuple(version.version for version in _versions(entries))
            for name, entries in document["entries"].items()
        }
    except _UNREADABLE as err:
        text = " ".join(str(err).split())[:200]
        raise SourceError(f"index.yaml is no index of charts: {text}", transient=False) from err


def _cut(index: Path, chart: str) -> bytes | None:
    """Return the lines below a chart's name, b"" when the name is absent, None in doubt."""
    with index.open("rb") as file:
        lines = _lines(file)
        if not any(line.rstrip() == b"entries:" for line in lines):
            return None
        depth, found, kept = b"", False, bytearray()
        for line in _entry_lines(lines):
            key = _KEY.match(line)
            if key and not depth:
                depth = key[1]
            if key and key[1] == depth:
                if found:
                    break
                found = key[3].decode(errors="replace") == chart
            elif found:
                kept += line
                if len(kept) > _MAX_ENTRY_BYTES:
                    raise SourceError(
                        f"the entries of `{chart}` are larger than {_MAX_ENTRY_BYTES} bytes",
                        transient=False,
                    )
        return bytes(kept) if depth else None


def _lines(file: BinaryIO) -> Iterator[bytes]:
    while line := file.readline(_MAX_LINE_BYTES):
        if len(line) == _MAX_LINE_BYTES:
            what = f"a line of the index is larger than {_MAX_LINE_BYTES} bytes"
            raise SourceError(what, transient=False)
        yield line


def _entry_lines(lines: Iterator[bytes]) -> Iterator[bytes]:
    for line in lines:
        if line[:1] not in b" \n\r#" and line.strip():
            return
        yield line


def _versions(entries: object) -> tuple[ChartVersion, ...]:
    if not isinstance(entries, list | tuple) and entries not in (None, ""):
        raise ValueError("the entries of a chart are no list")
    found = []
    for entry in entries or ():
        if isinstance(entry, dict) and entry.get("version"):
            urls = tuple(url for url in entry.get("urls") or () if isinstance(url, str))
            digest = str(entry.get("digest") or "").removeprefix("sha256:").lower()
            found.append(ChartVersion(str(entry["version"]), urls, digest))
    return tuple(found)
