"""Secrets as they may leave the controller: every value is a run of `+`.

Values that differ get runs of different lengths, across all faces of one resource (target, live,
prediction, drifts), so that a reader sees which keys differ and nothing more. Lengths say nothing
about the values: the first distinct value gets the shortest run.

Source: Argo CD operator manual, "Security", and `resource.sensitive.mask.annotations`.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
import orjson

from tiphys.engine.diff.paths import format_path
from tiphys.engine.diff.settings import Drift
from tiphys.engine.normalise import normalise
from tiphys.model.keys import GroupKind, Manifest, gvk_of
from tiphys.model.labels import LAST_APPLIED

_SECRET: Final = GroupKind("", "Secret")
_SHORTEST_RUN: Final = 8


def is_secret(manifest: Manifest) -> bool:
    """Return whether an object's values must never be shown."""
    return gvk_of(manifest).group_kind == _SECRET


class Masker:
    """Masks the faces of one resource; equal values get equal runs for as long as it lives."""

    def __init__(self, annotations: Iterable[str] = ()) -> None:
        """Prepare for one resource.

        Args:
            annotations: keys of annotations whose values are secret, on any kind.
        """
        self._annotations = frozenset(annotations)
        self._runs: dict[bytes, str] = {}

    def mask(self, face: Manifest) -> Manifest:
        """Return an object without secret values; the input is untouched."""
        hides_values = is_secret(face)
        if hides_values:
            face = {**normalise(face), "metadata": face.get("metadata") or {}}
            for name in face.keys() & {"data", "stringData"}:
                face[name] = self._masked(face[name])
        metadata = face.get("metadata") or {}
        annotations = metadata.get("annotations")
        if not isinstance(annotations, dict):
            return face
        masked = {
            name: self._annotation(name, value, hides_values=hides_values)
            for name, value in annotations.items()
        }
        return {**face, "metadata": {**metadata, "annotations": masked}}

    def mask_drifts(self, kind: GroupKind, drifts: Sequence[Drift]) -> tuple[Drift, ...]:
        """Return drifts without secret values."""
        return tuple(
            msgspec.structs.replace(
                drift, target=self._masked(drift.target), live=self._masked(drift.live)
            )
            if self._is_sensitive(kind, drift.path)
            else drift
            for drift in drifts
        )

    def _is_sensitive(self, kind: GroupKind, path: str) -> bool:
        if kind == _SECRET and path.startswith((".data", ".stringData")):
            return True
        place = ("f:metadata", "f:annotations")
        hidden = {format_path((*place, f"f:{name}")) for name in self._annotations}
        return path in hidden or (bool(hidden) and path == format_path(place))

    def _annotation(self, name: str, value: Any, *, hides_values: bool) -> Any:
        if name in self._annotations:
            return self._masked(value)
        if name != LAST_APPLIED or not (hides_values or self._annotations):
            return value
        try:
            applied = orjson.loads(value)
        except (orjson.JSONDecodeError, TypeError):
            return self._masked(value)
        if not isinstance(applied, dict):
            return self._masked(value)
        if hides_values:  # whatever kind the annotation claims to be of
            applied = {**applied, "apiVersion": "v1", "kind": "Secret"}
        return orjson.dumps(self.mask(applied)).decode()

    def _masked(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self._masked(item) for name, item in value.items()}
        if value is None:
            return None
        length = _SHORTEST_RUN + len(self._runs)
        return self._runs.setdefault(orjson.dumps(value), "+" * length)
