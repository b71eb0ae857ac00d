"""What the server warns of and takes all the same.

Source: Kubernetes documentation, "Warning: Helpful Warnings Ahead", and recorded answers.
"""

from collections.abc import Iterator
from typing import Any

from tiphys.sandbox.defaulting import kind_name, table, value_at
from tiphys.sandbox.kinds import Kind
from tiphys.structured.quantities import parse_quantity

_DEPRECATED = {
    "Endpoints": "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
}
_REQUIRED, _PREFERRED = (
    f"{what}DuringSchedulingIgnoredDuringExecution" for what in ("required", "preferred")
)


def warnings_for(manifest: dict[str, Any], kind: Kind) -> list[str]:
    """Return the warnings that come with an object of a built-in kind."""
    name = kind_name(kind)
    found = [_DEPRECATED[name]] if name in _DEPRECATED else []
    path = table()["pod_templates"].get(name)
    spec = value_at(manifest, path) if path else None
    if isinstance(spec, dict):
        found += _pod_warnings(spec, path)
    if name == "ResourceQuota":
        found += _quota_warnings(value_at(manifest, "spec.hard") or {})
    return found


def _pod_warnings(spec: dict[str, Any], path: str) -> Iterator[str]:
    for side in ("podAffinity", "podAntiAffinity"):
        for strength in (_REQUIRED, _PREFERRED):
            terms = value_at(spec, f"affinity.{side}.{strength}") or ()
            below = ".podAffinityTerm" if strength == _PREFERRED else ""
            for place, term in enumerate(terms):
                if value_at(term, f"{below[1:]}.labelSelector".lstrip(".")) is None:
                    where = f"{path}.affinity.{side}.{strength}[{place}]{below}.labelSelector"
                    yield f"{where}: a null labelSelector results in matching no pod"


def _quota_warnings(hard: dict[str, Any]) -> Iterator[str]:
    for name in ("cpu", "memory"):
        asked, limit = hard.get(f"requests.{name}"), hard.get(f"limits.{name}")
        if asked and limit and parse_quantity(asked).value > parse_quantity(limit).value:
            yield (
                f"ResourceQuota requests.{name} ({asked}) should be less than "
                f"limits.{name} ({limit})"
            )
