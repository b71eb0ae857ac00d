"""What a render needs from elsewhere: fetched before it, so that it sees only files."""

from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from tiphys.model.source import ApplicationSource


class Extras(msgspec.Struct, frozen=True, kw_only=True):
    """Files for one job.

    Attributes:
        inputs: (name, identity) of everything fetched, for the cache key.
        refs: further folders that value files may lie in, by the name after the dollar.
        source: as the render is to read it; None when it is unchanged.
        writers: put the files into the job's folder, in order, once the source lies there.
    """

    inputs: tuple[tuple[str, str], ...] = ()
    refs: tuple[str, ...] = ()
    source: ApplicationSource | None = None
    writers: tuple[Callable[[Path], None], ...] = ()


def joined(parts: Iterable[Extras]) -> Extras:
    """Return several as one; the last that changes the source wins."""
    found = list(parts)
    sources = [part.source for part in found if part.source is not None]
    return Extras(
        inputs=tuple(entry for part in found for entry in part.inputs),
        refs=tuple(ref for part in found for ref in part.refs),
        source=sources[-1] if sources else None,
        writers=tuple(writer for part in found for writer in part.writers),
    )
