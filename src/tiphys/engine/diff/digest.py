"""Digests under which verdicts are remembered.

Source: Kubernetes API conventions, "Metadata" (what changes with every write).
"""

from hashlib import blake2b
from typing import Any

import orjson

from tiphys.model.keys import Manifest

_VOLATILE = frozenset({"resourceVersion", "generation", "managedFields"})


def target_digest(target: Manifest) -> str:
    """Return a digest of everything a target says; the order of fields does not count."""
    return _digest(target)


def live_digest(live: Manifest, *, with_status: bool = False) -> str:
    """Return a digest of all in a live object that a verdict can depend on.

    Writes that change only the status, the resourceVersion or the time in managedFields give the
    same digest; a change of who owns what gives another.

    Args:
        live: as the cluster returned it.
        with_status: for kinds whose status is compared.
    """
    metadata = live.get("metadata") or {}
    kept: Manifest = {name: value for name, value in live.items() if name != "status"}
    kept["metadata"] = {name: value for name, value in metadata.items() if name not in _VOLATILE}
    entries = [
        {name: value for name, value in entry.items() if name != "time"}
        for entry in metadata.get("managedFields") or ()
    ]
    status = live.get("status") if with_status else None
    return _digest([kept, entries, status])


def _digest(value: Any) -> str:
    text = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    return blake2b(text, digest_size=16).hexdigest()
