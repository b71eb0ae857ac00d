"""ControllerRevisions: the templates that a StatefulSet or DaemonSet has had.

`kubectl rollout history` and `undo` read them.
"""

from tiphys.sandbox.workloads.cluster import Cluster, Manifest
from tiphys.sandbox.workloads.owners import owned, template_hash

HASH_LABEL = "controller-revision-hash"
_REVISIONS = ("apps", "controllerrevisions")


def current_revision(cluster: Cluster, owner: Manifest) -> str:
    """Return the name of the revision of an owner's template, which it makes when there is none."""
    spec = owner["spec"]
    known = sorted(cluster.children(owner, _REVISIONS), key=lambda found: found["revision"])
    data = {"spec": {"template": {**spec["template"], "$patch": "replace"}}}
    same = next((found for found in known if found["data"] == data), None)
    latest = known[-1]["revision"] if known else 0
    if same is None:
        return _made(cluster, owner, data, latest + 1)
    if same["revision"] != latest:
        cluster.change(_REVISIONS, same, lambda live: {**live, "revision": latest + 1})
    for found in known[: max(len(known) - 1 - spec.get("revisionHistoryLimit", 10), 0)]:
        if found is not same:
            cluster.delete(_REVISIONS, found)
    name: str = same["metadata"]["name"]
    return name


def _made(cluster: Cluster, owner: Manifest, data: Manifest, revision: int) -> str:
    template = owner["spec"]["template"]
    digest = template_hash(template)
    name = f"{owner['metadata']['name']}-{digest}"
    labels = {**((template.get("metadata") or {}).get("labels") or {})}
    labels["controller.kubernetes.io/hash"] = digest
    body = {"metadata": {"labels": labels}, "data": data, "revision": revision}
    cluster.create(_REVISIONS, owned(owner, body, name=name))
    return name
