"""Objects that left Git and that no sync may delete.

Source: Argo CD user guide, "Sync Options" (No Prune Resources, Create Namespace); Helm, "Tell Helm
Not To Uninstall a Resource". Where we differ on purpose: for Argo CD the annotation
`helm.sh/resource-policy: keep` only counts when an Application is deleted, and the destination
namespace of an Application with `CreateNamespace=true` is pruned with everything in it when it
leaves Git.
"""

from tiphys.engine.hooks import words
from tiphys.engine.sync.options import PrunePolicy, SyncOptions, resource_options
from tiphys.model.application import Application
from tiphys.model.keys import Manifest, ResourceKey, key_of
from tiphys.model.labels import HELM_RESOURCE_POLICY

KEEP_POLICY = f"{HELM_RESOURCE_POLICY}: keep"
_NO_PRUNE = "no prune"
_DESTINATION = "CreateNamespace=true"


def why_kept(live: Manifest, app: Application, options: SyncOptions) -> str:
    """Return why an object that left Git stays, "" when it may be pruned.

    Args:
        live: the object.
        app: the Application that it belongs to.
        options: the Application's.
    """
    if has_keep_policy(live):
        return KEEP_POLICY
    if resource_options(options, None, live).prune is PrunePolicy.KEPT:
        return _NO_PRUNE
    is_asked_for = options.create_namespace and is_destination(key_of(live), app)
    return _DESTINATION if is_asked_for else ""


def has_keep_policy(live: Manifest) -> bool:
    """Return whether Helm would leave an object when its release goes."""
    return "keep" in words(live, HELM_RESOURCE_POLICY)


def is_destination(key: ResourceKey, app: Application) -> bool:
    """Return whether an object is the namespace that an Application deploys to."""
    return key == ResourceKey("", "Namespace", "", app.spec.destination.namespace)
