"""Manifests as people want to read them."""

from collections.abc import Iterable

from tiphys.engine.masking import Masker
from tiphys.model.keys import Manifest


def documents(
    manifests: Iterable[Manifest], sensitive_annotations: Iterable[str] = ()
) -> list[Manifest]:
    """Return manifests without managed fields, their secret values masked."""
    sensitive = tuple(sensitive_annotations)
    return [_document(Masker(sensitive).mask(manifest)) for manifest in manifests]


def _document(manifest: Manifest) -> Manifest:
    metadata = {k: v for k, v in manifest["metadata"].items() if k != "managedFields"}
    return {**manifest, "metadata": metadata}
