"""What of a destination cluster is managed.

Source: Argo CD operator manual, "Declarative Setup" (`namespaces`, `clusterResources`).
"""

import msgspec

from tiphys.kube.discovery import ApiResource
from tiphys.model.errors import NotManagedError
from tiphys.model.keys import ResourceKey


class Extent(msgspec.Struct, frozen=True):
    """What of a cluster is managed: all of it, or some namespaces.

    Attributes:
        namespaces: empty for all.
        cluster_resources: whether objects outside of namespaces are managed as well then.
    """

    namespaces: tuple[str, ...] = ()
    cluster_resources: bool = False

    def places(self, resource: ApiResource) -> tuple[str, ...]:
        """Return the namespaces to watch a kind in, "" for all; none when it is not managed."""
        if not self.namespaces:
            return ("",)
        if resource.namespaced:
            return self.namespaces
        return ("",) if self.cluster_resources else ()

    def require_managed(self, key: ResourceKey, *, is_namespaced: bool) -> None:
        """Check that an object may be managed at all.

        Raises:
            NotManagedError: it may not.
        """
        if not self.namespaces:
            return
        if not is_namespaced and not self.cluster_resources:
            raise NotManagedError(
                f'cluster level {key.kind} "{key.name}" can not be managed when in namespaced mode',
                hint="Set `clusterResources` of the cluster Secret, or take the object out of Git.",
            )
        if is_namespaced and key.namespace not in self.namespaces:
            raise NotManagedError(
                f'namespace "{key.namespace}" for {key.kind} "{key.name}" is not managed',
                hint="Add it to `namespaces` of the cluster Secret.",
            )


EVERYTHING = Extent()
