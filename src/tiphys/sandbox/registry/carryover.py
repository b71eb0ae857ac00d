"""What an update leaves alone, what one of a Job keeps, what becomes of the texts of a Secret.

Source: Kubernetes documentation, "Jobs", "Secrets" (`stringData`).
"""

import base64
import copy
from typing import Any

from tiphys.sandbox.typed.kinds import Kind

_SEEN_WHOLE = {"Service", "CustomResourceDefinition"}
"""Kinds that are completed in place, whatever is written of them."""


def untouched(kind: Kind, old: dict[str, Any] | None, new: dict[str, Any]) -> frozenset[str]:
    """Return the fields of a built-in object that a write has left alone: the very same values.

    They were decoded, completed and checked when they were written.
    """
    if old is None or kind.is_custom or kind.kind in _SEEN_WHOLE:
        return frozenset()
    return frozenset(name for name, value in new.items() if old.get(name) is value)


def keep_job_selector(old: dict[str, Any] | None, new: dict[str, Any]) -> None:
    """Carry over what the server made up when the Job was created."""
    if old is None or new["kind"] != "Job" or "selector" in (new.get("spec") or {}):
        return
    before, spec = old.get("spec") or {}, new.get("spec") or {}
    spec["selector"] = copy.deepcopy(before.get("selector"))
    made = ((before.get("template") or {}).get("metadata") or {}).get("labels") or {}
    template = spec.setdefault("template", {}).setdefault("metadata", {})
    template["labels"] = {**made, **(template.get("labels") or {})}


def stringdata_to_data(new: dict[str, Any]) -> None:
    """Encode the texts of a Secret among its data, in place."""
    if new.get("kind") != "Secret" or not new.get("stringData"):
        return
    encoded = {
        name: base64.b64encode(str(text).encode()).decode()
        for name, text in new.pop("stringData").items()
    }
    new["data"] = {**(new.get("data") or {}), **encoded}
