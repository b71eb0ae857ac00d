"""The annotation that `kubectl apply` keeps its last configuration in, seen by server-side apply.

Source: apimachinery, util/managedfields/internal/lastappliedmanager.go and lastappliedupdater.go.
"""

import json
from typing import Any

from tiphys.structured.compare import compare
from tiphys.structured.fields import to_fieldset
from tiphys.structured.fieldset import FieldSet
from tiphys.structured.listitems import ListItemError
from tiphys.structured.types import TypeRef
from tiphys.structured.validation import TypedValueError, check

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
MAX_ANNOTATIONS_BYTES = 256 * 1024

Manifest = dict[str, Any]


def allowed_conflicts(live: Manifest, type_: TypeRef, api_version: str) -> FieldSet | None:
    """Return the fields that still stand as client-side apply last set them.

    None when there is no such record, or it cannot be read, or it is of another version.
    """
    record = (live.get("metadata") or {}).get("annotations") or {}
    try:
        last = json.loads(record.get(LAST_APPLIED) or "null")
    except ValueError:
        return None
    if not isinstance(last, dict) or last.get("apiVersion") != api_version:
        return None
    try:
        check(live, type_)
        check(last, type_)
        difference = compare(last, live, type_)
        fields = to_fieldset(last, type_)
    except (TypedValueError, ListItemError):
        return None
    return (
        fields.difference(difference.modified)
        .difference(difference.added)
        .difference(difference.removed)
    )


def with_last_applied(manifest: Manifest, applied: Manifest) -> Manifest:
    """Return a manifest whose record of client-side apply, if it has one, says what was applied.

    A record that would make the annotations too large is dropped.
    """
    metadata = manifest.get("metadata") or {}
    annotations = metadata.get("annotations") or {}
    if not annotations.get(LAST_APPLIED):
        return manifest
    record = last_applied_text(applied)
    updated = {**annotations, LAST_APPLIED: record}
    if sum(len(k.encode()) + len(v.encode()) for k, v in updated.items()) > MAX_ANNOTATIONS_BYTES:
        del updated[LAST_APPLIED]
    return {**manifest, "metadata": {**metadata, "annotations": updated}}


def last_applied_text(applied: Manifest) -> str:
    """Return the record of a configuration: compact JSON with sorted keys and a line end."""
    metadata = dict(applied.get("metadata") or {})
    if metadata.get("annotations") is not None:
        annotations = {k: v for k, v in metadata["annotations"].items() if k != LAST_APPLIED}
        metadata["annotations"] = annotations
    record = {**applied, "metadata": metadata} if "metadata" in applied else applied
    text = json.dumps(record, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
    for char in "<>&\u2028\u2029":  # Go's encoder keeps JSON safe to put into HTML
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text + "\n"
