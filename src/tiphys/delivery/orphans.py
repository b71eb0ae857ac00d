"""The objects of a namespace that nobody owns, kept up to date change by change.

A project may want to be warned of them. Its namespace may hold thousands of objects, and each of
its Applications asks after every change: what was found stays known, and only what changed since
is looked at.
"""

from collections import OrderedDict

import msgspec

from tiphys.engine.orphans import orphans
from tiphys.engine.permissions import permits_resource
from tiphys.kube.live_cache import LiveCache
from tiphys.model.keys import GroupKind, ResourceKey
from tiphys.model.project import AppProject, AppProjectSpec

_STATEFUL_SET = GroupKind("apps", "StatefulSet")
_REMEMBERED = 200


class _Known(msgspec.Struct):
    """What was found in one namespace of one cluster, for one project.

    Attributes:
        revision: of the live cache then.
    """

    cache: LiveCache
    spec: AppProjectSpec
    revision: int
    orphans: set[ResourceKey]


class Orphans:
    """Finds orphans."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, str, str], _Known] = OrderedDict()

    def find(self, cache: LiveCache, namespace: str, project: AppProject) -> set[ResourceKey]:
        """Return the orphans of a namespace, as a project sees them; not to be changed."""
        name = (cache.server, namespace, project.metadata.name)
        known, revision = self._known.get(name), cache.revision
        if known is None or known.cache is not cache or known.spec != project.spec:
            found = self._among(cache, project, namespace, cache.unclaimed(namespace))
            known = _Known(cache=cache, spec=project.spec, revision=revision, orphans=found)
        else:
            self._update(known, namespace, project)
        self._known[name] = known
        self._known.move_to_end(name)
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return known.orphans

    def _update(self, known: _Known, namespace: str, project: AppProject) -> None:
        revision, cache = known.cache.revision, known.cache
        changed = cache.changed_since(known.revision)
        known.revision = revision
        here = None if changed is None else {key for key in changed if key.namespace == namespace}
        if here is None or any(key.group_kind == _STATEFUL_SET for key in here):
            # Whose claims are whose depends on the names of all StatefulSets.
            here = set(cache.unclaimed(namespace))
            known.orphans.clear()
        known.orphans -= here
        unclaimed = {key for key in here if cache.is_unclaimed(key)}
        known.orphans |= self._among(cache, project, namespace, unclaimed)

    def _among(
        self,
        cache: LiveCache,
        project: AppProject,
        namespace: str,
        unclaimed: set[ResourceKey] | frozenset[ResourceKey],
    ) -> set[ResourceKey]:
        monitoring = project.spec.orphaned_resources
        if monitoring is None or not unclaimed:
            return set()
        return set(
            orphans(
                unclaimed,
                monitoring.ignore,
                lambda key: permits_resource(project.spec, key, is_namespaced=True),
                cache.names_of(_STATEFUL_SET, namespace),
            )
        )
