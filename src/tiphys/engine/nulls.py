"""Sources that lost the nulls in their values on the way into an operation.

Clients ask for a sync by a merge patch, which cannot write a null: `cpu: null`, which takes a
chart's default away, is missing from the source in the operation. The Application's spec and its
history still have it.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from tiphys.model.application import Application
from tiphys.model.source import ApplicationSource


def known_sources(app: Application) -> tuple[ApplicationSource, ...]:
    """Return the sources that an operation may mean, those of the spec first."""
    history = [
        source
        for entry in reversed(app.status.history)
        for source in (entry.source, *(entry.sources or ()))
    ]
    found = (*app.spec.all_sources, *history)
    return tuple(source for source in found if isinstance(source, ApplicationSource))


def with_nulls(source: ApplicationSource, known: Sequence[ApplicationSource]) -> ApplicationSource:
    """Return the known source that equals another one but for nulls; that one when none does."""
    if source.helm is None or source.helm.values_object is None:
        return source
    bare = _bare(source)
    return next((other for other in known if _bare(other) == bare), source)


def _bare(source: ApplicationSource) -> ApplicationSource:
    if source.helm is None or source.helm.values_object is None:
        return source
    helm = msgspec.structs.replace(source.helm, values_object=_without(source.helm.values_object))
    return msgspec.structs.replace(source, helm=helm)


def _without(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without(item) for name, item in value.items() if item is not None}
    return value
