"""The worker process: reads jobs from stdin, writes manifests to stdout, knows nothing else.

Frames are a length of four bytes and that much JSON. An answer holds the objects as JSON texts
with their digests, or an error and its hint.
"""

import hashlib
import os
import resource
import struct
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import orjson

from tiphys.model.errors import TiphysError
from tiphys.sources.api import RenderJob

_MAX_FILE_BYTES = 256 * 1024 * 1024


def main() -> None:
    """Serve jobs until stdin ends."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (_MAX_FILE_BYTES, _MAX_FILE_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a renderer that prints must not break the frames
    while (frame := read_frame(sys.stdin.buffer)) is not None:
        folder, job = msgspec.json.decode(frame, type=tuple[str, RenderJob])
        answers.write(as_frame(orjson.dumps(_answer(Path(folder), job))))
        answers.flush()


def read_frame(stream: BinaryIO) -> bytes | None:
    """Return the next frame, None at the end of the stream."""
    head = stream.read(4)
    if len(head) < 4:
        return None
    return stream.read(struct.unpack(">I", head)[0])


def as_frame(body: bytes) -> bytes:
    """Return a body with its length before it."""
    return struct.pack(">I", len(body)) + body


def _answer(folder: Path, job: RenderJob) -> dict[str, Any]:
    try:
        objects = list(_flattened(_renderer(job, folder)(job, folder / job.root)))
    except TiphysError as err:
        return {"error": err.what, "where": err.where, "hint": err.hint}
    except RecursionError:
        return {"error": "the manifests are nested too deeply", "where": "", "hint": ""}
    except Exception as err:  # noqa: BLE001 -- whatever a chart makes a library do costs one answer
        return {"error": f"{type(err).__name__}: {err}", "where": job.path, "hint": ""}
    bodies = [orjson.dumps(found) for found in objects]
    digests = [hashlib.blake2b(body, digest_size=16).hexdigest() for body in bodies]
    texts = [body.decode() for body in bodies]
    return {"manifests": list(zip(texts, digests, strict=True))}


def _renderer(job: RenderJob, folder: Path) -> Callable[[RenderJob, Path], list[Any]]:
    # Each tool's library is loaded by the first job that needs it.
    if job.source_type == "Helm":
        from tiphys.sources.render.helm import render_helm  # noqa: PLC0415

        return render_helm
    if job.source_type == "Kustomize":
        from tiphys.sources.render.kustomize import render_kustomize  # noqa: PLC0415

        return render_kustomize
    from tiphys.sources.render.directory import render_directory  # noqa: PLC0415
    from tiphys.sources.render.ksonnet import is_ksonnet, render_ksonnet  # noqa: PLC0415

    return render_ksonnet if is_ksonnet(folder / job.root / job.path) else render_directory


def _flattened(objects: list[Any]) -> Iterator[dict[str, Any]]:
    """Yield objects, those inside a List one by one."""
    for found in objects:
        if not isinstance(found, dict):
            if found is not None:
                kind = type(found).__name__
                raise TiphysError(f"a manifest is a {kind}, not an object", where="the manifests")
            continue
        is_list = str(found.get("kind", "")).endswith("List") and "items" in found
        if is_list and isinstance(found["items"], list | None):
            yield from _flattened(found["items"] or [])
        elif found:
            yield found


if __name__ == "__main__":
    main()
