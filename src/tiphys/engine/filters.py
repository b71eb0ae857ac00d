"""Which kinds an installation looks at: `resource.exclusions` and `resource.inclusions`.

Source: Argo CD operator manual, "Resource Exclusion/Inclusion". Groups and clusters are globs,
kinds are exact or `*`, an empty list matches everything; an exclusion wins.
"""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Final, Protocol

from tiphys.model.keys import GroupKind

# Streams of short-lived records that nobody keeps in Git and that would keep every watch busy.
_NEVER_GROUPS: Final = frozenset({"events.k8s.io", "metrics.k8s.io"})
_NEVER_KINDS: Final = frozenset({GroupKind("", "Event"), GroupKind("coordination.k8s.io", "Lease")})


class KindFilter(Protocol):
    """One entry of the settings."""

    @property
    def api_groups(self) -> Sequence[str]:
        """Globs of groups."""

    @property
    def kinds(self) -> Sequence[str]:
        """Kinds, or `*`."""

    @property
    def clusters(self) -> Sequence[str]:
        """Globs of cluster URLs."""


def is_excluded(
    kind: GroupKind,
    cluster: str,
    exclusions: Sequence[KindFilter],
    inclusions: Sequence[KindFilter],
) -> bool:
    """Return whether objects of a kind in one cluster are neither watched nor deployed."""
    if kind.group in _NEVER_GROUPS or kind in _NEVER_KINDS:
        return True
    if any(_selects(entry, kind, cluster) for entry in exclusions):
        return True
    here = [entry for entry in inclusions if _matches(cluster, entry.clusters)]
    return bool(here) and not any(_selects(entry, kind, cluster) for entry in here)


def _selects(entry: KindFilter, kind: GroupKind, cluster: str) -> bool:
    return (
        _matches(kind.group, entry.api_groups)
        and (not entry.kinds or kind.kind in entry.kinds or "*" in entry.kinds)
        and _matches(cluster, entry.clusters)
    )


def _matches(value: str, globs: Sequence[str]) -> bool:
    return not globs or any(fnmatchcase(value, glob) for glob in globs)
