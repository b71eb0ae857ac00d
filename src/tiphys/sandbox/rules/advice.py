"""What the server warns of and takes all the same.

Source: Kubernetes documentation, "Warning: Helpful Warnings Ahead", and recorded answers.
"""

from collections.abc import Iterator
from typing import Any

from tiphys.sandbox.rules.podadvice import pod_warnings
from tiphys.sandbox.typed.defaulting import kind_name, table, value_at
from tiphys.sandbox.typed.kinds import Kind
from tiphys.structured.quantities import parse_quantity

_DEPRECATED = {
    "Endpoints": "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
}
_DEVICES = ".deviceclass.resource.k8s.io/"


def warnings_for(manifest: dict[str, Any], kind: Kind) -> list[str]:
    """Return the warnings that come with an object of a built-in kind."""
    name = kind_name(kind)
    found = [_DEPRECATED[name]] if name in _DEPRECATED else []
    path = table()["pod_templates"].get(name)
    spec = value_at(manifest, path) if path else None
    if isinstance(spec, dict):
        found += pod_warnings(spec, path)
    if value_at(manifest, "spec.externalIPs") and name == "Service":
        found.append(
            "spec.externalIPs is deprecated and may no longer be implemented in some clusters"
        )
    if name == "ResourceQuota":
        found += _quota_warnings(value_at(manifest, "spec.hard") or {})
    return found


def _quota_warnings(hard: dict[str, Any]) -> Iterator[str]:
    for name in hard:
        if _DEVICES in name:
            yield f"the sandbox counts no devices: {name} is neither used nor limited"
    for name in ("cpu", "memory"):
        asked, limit = hard.get(f"requests.{name}"), hard.get(f"limits.{name}")
        if asked and limit and parse_quantity(asked).value > parse_quantity(limit).value:
            yield (
                f"ResourceQuota requests.{name} ({asked}) should be less than "
                f"limits.{name} ({limit})"
            )
