"""Serves render jobs inside the jail: one after the other, an answer for each."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import orjson

from tiphys.model.errors import RenderError, TiphysError
from tiphys.sources.api import RenderJob
from tiphys.sources.render.worker import read_frame, write_frame

JOB_FOLDER, SCRATCH_FOLDER = "job", "scratch"
_MAX_MESSAGE = 2000
_Renderer = Callable[[RenderJob, Path], list[Any]]


class Answer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a job gives: objects as JSON with their digests, or what went wrong."""

    manifests: tuple[tuple[bytes, str], ...] = ()
    error: str = ""
    where: str = ""
    hint: str = ""


def serve(folder: str, jobs: BinaryIO, answers: BinaryIO) -> None:
    """Serve jobs until their stream ends; each finds its files in the folder's `job`."""
    place = Path(folder) / JOB_FOLDER
    while (frame := read_frame(jobs)) is not None:
        job = msgspec.msgpack.decode(frame, type=RenderJob)
        answer = msgspec.msgpack.encode(_answer(place, job))
        if len(answer) > job.max_output_bytes:
            limit = f"{job.max_output_bytes / 1024 / 1024:.0f} MiB"
            too_large = Answer(error=f"the manifests are larger than {limit} together")
            answer = msgspec.msgpack.encode(too_large)
        write_frame(answers, answer)


def _answer(folder: Path, job: RenderJob) -> Answer:
    try:
        objects = list(_flattened(_renderer(job, folder)(job, folder / job.root)))
    except TiphysError as err:
        return Answer(error=err.what[:_MAX_MESSAGE], where=err.where, hint=err.hint)
    except RecursionError:
        return Answer(error="the manifests are nested too deeply")
    except Exception as err:  # noqa: BLE001 -- whatever a chart makes a library do costs one answer
        text = f"{type(err).__name__}: {err}".replace(str(folder), "")
        return Answer(error=text[:_MAX_MESSAGE], where=job.path)
    bodies = [orjson.dumps(found) for found in objects]
    digests = [hashlib.blake2b(body, digest_size=16).hexdigest() for body in bodies]
    return Answer(manifests=tuple(zip(bodies, digests, strict=True)))


def _renderer(job: RenderJob, folder: Path) -> _Renderer:
    # Each tool's library is loaded by the first job that needs it.
    if job.source_type == "Helm":
        from tiphys.sources.render.helm import render_helm  # noqa: PLC0415

        return render_helm
    if job.source_type == "Kustomize":
        from tiphys.sources.render.kustomize import render_kustomize  # noqa: PLC0415

        return render_kustomize
    if job.plugin is not None:
        from tiphys.sources.render.plugin import discover_plugin, render_plugin  # noqa: PLC0415

        return render_plugin if job.source_type == "Plugin" else discover_plugin
    from tiphys.sources.render.directory import render_directory  # noqa: PLC0415
    from tiphys.sources.render.ksonnet import is_ksonnet, render_ksonnet  # noqa: PLC0415

    return render_ksonnet if is_ksonnet(folder / job.root / job.path) else render_directory


def _flattened(objects: list[Any]) -> Iterator[dict[str, Any]]:
    """Yield objects, those inside a List one by one."""
    for found in objects:
        if not isinstance(found, dict):
            if found is not None:
                raise RenderError(f"a manifest is a {type(found).__name__}, not an object")
            continue
        is_list = str(found.get("kind", "")).endswith("List") and "items" in found
        if is_list and isinstance(found["items"], list | None):
            yield from _flattened(found["items"] or [])
        elif found:
            yield found
