"""What an update of a Job keeps, and what becomes of the texts of a Secret.

Source: Kubernetes documentation, "Jobs", "Secrets" (`stringData`).
"""

import base64
import copy
from typing import Any


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
