"""Evaluates jsonnet; imports stay inside the repository.

Source: Argo CD user guide, "Jsonnet".
"""

from pathlib import Path
from typing import Any

import _gojsonnet
import orjson

from tiphys.model.errors import RenderError
from tiphys.model.source import DirectorySource, JsonnetVar
from tiphys.sources.api import RenderJob
from tiphys.sources.render.environment import substitute


def render_jsonnet(path: Path, job: RenderJob, root: Path) -> list[Any]:
    """Return the objects that a file evaluates to: one, or the members of an array.

    Raises:
        RenderError: it does not evaluate.
    """
    settings = (job.source.directory or DirectorySource()).jsonnet
    libraries = [root / job.path, *(root / library.lstrip("/") for library in settings.libs)]
    ext_vars, ext_codes = _variables(settings.ext_vars, job)
    tla_vars, tla_codes = _variables(settings.tlas, job)
    result = evaluate(
        path,
        root,
        libraries,
        ext_vars=ext_vars,
        ext_codes=ext_codes,
        tla_vars=tla_vars,
        tla_codes=tla_codes,
    )
    return result if isinstance(result, list) else [result]


def evaluate(path: Path, root: Path, libraries: list[Path], **variables: dict[str, str]) -> Any:
    """Return what a file evaluates to.

    Args:
        path: the file.
        root: imports outside of it fail.
        libraries: where imports are looked for, after the importing file's own folder.
        variables: `ext_vars`, `ext_codes`, `tla_vars`, `tla_codes`.

    Raises:
        RenderError: it does not evaluate.
    """
    missing: list[str] = []

    def load(folder: str, name: str) -> tuple[str, bytes]:
        for base in (Path(folder), *libraries):
            candidate = (base / name).resolve()
            if candidate.is_relative_to(root.resolve()) and candidate.is_file():
                return str(candidate), candidate.read_bytes()
        missing.append(name)
        raise RuntimeError("no such import")

    try:
        text = _gojsonnet.evaluate_file(str(path), import_callback=load, **variables)
    except (RuntimeError, UnicodeDecodeError) as err:
        # The library garbles what a callback raises, so that is said apart.
        message = " ".join(str(err).replace(str(root), "").split())
        if missing:
            message = f"couldn't open import `{missing[-1]}`: no match in the repository"
        raise RenderError(f"{path.name}: {message}") from err
    return orjson.loads(text)


def _variables(
    variables: tuple[JsonnetVar, ...], job: RenderJob
) -> tuple[dict[str, str], dict[str, str]]:
    plain = {v.name: substitute(v.value, job.environment) for v in variables if not v.code}
    code = {v.name: substitute(v.value, job.environment) for v in variables if v.code}
    return plain, code
