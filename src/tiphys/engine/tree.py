"""The resource tree of an Application: who was created by whom, and what it all amounts to.

Children name their owners. A few never do and are recognised by what they are: Endpoints by the
name of their Service, claims by the names that a StatefulSet's templates give, and tokens by
their service account.

Source: Kubernetes API concepts, "Owners and Dependents"; StatefulSet, "Stable Storage"; Argo CD
reference of `Application.status.summary` and the deep links of the UI.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple

from tiphys.engine.health.rules import get
from tiphys.model.application import ApplicationSummary
from tiphys.model.keys import GroupKind, Manifest, ResourceKey, key_of, split_api_version
from tiphys.model.labels import LINK_PREFIX

_APPLICATION: Final = GroupKind("argoproj.io", "Application")
_INGRESSES: Final = frozenset(
    {GroupKind("networking.k8s.io", "Ingress"), GroupKind("extensions", "Ingress")}
)
_TOKEN_TYPE: Final = "kubernetes.io/service-account-token"  # noqa: S105 - a type, no token
_ORDINAL: Final = re.compile(r"-(\d+)\Z")
_POD_SPECS: Final = ("spec", "spec.template.spec", "spec.jobTemplate.spec.template.spec")


class OwnerReference(NamedTuple):
    """Whom a child names, or is known to belong to; an inferred owner may lack the uid."""

    key: ResourceKey
    uid: str = ""


def owners_of(live: Manifest) -> tuple[OwnerReference, ...]:
    """Return the owners of an object: those it names, else those its shape implies.

    Args:
        live: the object; a slim record needs `apiVersion`, `kind`, `metadata` and, for Secrets,
            `type`.

    Returns:
        Owner keys carry the child's namespace; an owner may also be cluster-scoped, so look both
        up. A StatefulSet's claims are not covered, see `claim_owner`.
    """
    key = key_of(live)
    metadata = live.get("metadata") or {}
    references = metadata.get("ownerReferences") or ()
    if references:
        return tuple(_reference(entry, key.namespace) for entry in references)
    if key.group_kind == GroupKind("", "Endpoints"):
        return (OwnerReference(key._replace(kind="Service")),)
    if key.group_kind == GroupKind("", "Secret") and live.get("type") == _TOKEN_TYPE:
        return _token_owner(key, metadata.get("annotations") or {})
    return ()


def _reference(entry: Manifest, namespace: str) -> OwnerReference:
    group, _ = split_api_version(str(entry.get("apiVersion") or ""))
    kind, name = str(entry.get("kind") or ""), str(entry.get("name") or "")
    return OwnerReference(ResourceKey(group, kind, namespace, name), str(entry.get("uid") or ""))


def _token_owner(key: ResourceKey, annotations: Mapping[str, str]) -> tuple[OwnerReference, ...]:
    name = annotations.get("kubernetes.io/service-account.name")
    uid = annotations.get("kubernetes.io/service-account.uid")
    if not (name and uid):
        return ()
    return (OwnerReference(ResourceKey("", "ServiceAccount", key.namespace, name), uid),)


def claim_owner(
    claim: ResourceKey, stateful_sets: Iterable[tuple[ResourceKey, Iterable[str]]]
) -> OwnerReference | None:
    """Return the StatefulSet that a PersistentVolumeClaim without owner was made for.

    Args:
        claim: the claim's key.
        stateful_sets: each with the names of its volumeClaimTemplates.
    """
    match = _ORDINAL.search(claim.name)
    if match is None:
        return None
    stem = claim.name[: match.start()]
    for key, templates in stateful_sets:
        is_near = key.namespace == claim.namespace
        if is_near and any(stem == f"{template}-{key.name}" for template in templates):
            return OwnerReference(key)
    return None


def children_index(
    owners: Mapping[ResourceKey, Iterable[OwnerReference]], uids: Mapping[str, ResourceKey]
) -> dict[ResourceKey, list[ResourceKey]]:
    """Return the children of every owner, sorted.

    Args:
        owners: of every object, see `owners_of`.
        uids: key of every object by uid; a named uid that is gone means that the owner is gone,
            even if another object has taken its name.
    """
    children: dict[ResourceKey, list[ResourceKey]] = {}
    for child, references in owners.items():
        for reference in references:
            owner = uids.get(reference.uid) if reference.uid else reference.key
            if owner is not None and child not in children.setdefault(owner, []):
                children[owner].append(child)
    for found in children.values():
        found.sort()
    return children


def descendants(
    roots: Iterable[ResourceKey],
    children: Callable[[ResourceKey], Iterable[ResourceKey]],
) -> dict[ResourceKey, tuple[ResourceKey, ...]]:
    """Return every object below the roots with its parents; a cycle is followed once."""
    parents: dict[ResourceKey, tuple[ResourceKey, ...]] = {}
    waiting = list(roots)
    seen = set(waiting)
    while waiting:
        owner = waiting.pop()
        for child in children(owner):
            parents[child] = (*parents.get(child, ()), owner)
            if child not in seen:
                seen.add(child)
                waiting.append(child)
    return parents


def images_of(live: Manifest) -> tuple[str, ...]:
    """Return the container images that an object names, sorted."""
    images = {
        str(container["image"])
        for path in _POD_SPECS
        for field in ("initContainers", "containers")
        for container in _dicts(get(live, f"{path}.{field}"))
        if container.get("image")
    }
    return tuple(sorted(images))


class NetworkingInfo(NamedTuple):
    """How traffic reaches an object."""

    target_labels: Mapping[str, str]
    target_refs: tuple[ResourceKey, ...]
    ingress: tuple[Manifest, ...]
    external_urls: tuple[str, ...]
    labels: Mapping[str, str]


def networking_info(live: Manifest) -> NetworkingInfo:
    """Return what the network view of the tree draws of one object."""
    key = key_of(live)
    ingress = tuple(_dicts(get(live, "status.loadBalancer.ingress")))
    labels = (live.get("metadata") or {}).get("labels") or {}
    selector: Mapping[str, str] = {}
    references: tuple[ResourceKey, ...] = ()
    urls: tuple[str, ...] = _linked_urls(live)
    if key.group_kind == GroupKind("", "Service"):
        selector = get(live, "spec.selector") or {}
    elif key.group_kind in _INGRESSES:
        references = _backends(live, key.namespace)
        urls = tuple(sorted({*urls, *_ingress_urls(live)}))
    return NetworkingInfo(selector, references, ingress, urls, labels)


def _backends(live: Manifest, namespace: str) -> tuple[ResourceKey, ...]:
    paths = [
        path for rule in _dicts(get(live, "spec.rules")) for path in _dicts(get(rule, "http.paths"))
    ]
    backends = [get(live, "spec.defaultBackend"), *(path.get("backend") for path in paths)]
    names = {get(backend, "service.name") or get(backend, "serviceName") for backend in backends}
    return tuple(
        ResourceKey("", "Service", namespace, str(name)) for name in sorted(filter(None, names))
    )


def _ingress_urls(live: Manifest) -> Iterable[str]:
    secure = [host for tls in _dicts(get(live, "spec.tls")) for host in tls.get("hosts") or ()]
    is_all_secure = any(not tls.get("hosts") for tls in _dicts(get(live, "spec.tls")))
    for rule in _dicts(get(live, "spec.rules")):
        for host in [rule["host"]] if rule.get("host") else _addresses(live):
            scheme = "https" if is_all_secure or host in secure else "http"
            paths = [str(path.get("path") or "") for path in _dicts(get(rule, "http.paths"))]
            for path in paths or [""]:
                yield f"{scheme}://{host}{path.rstrip('*').rstrip('/') if path != '/' else '/'}"


def _addresses(live: Manifest) -> list[str]:
    entries = _dicts(get(live, "status.loadBalancer.ingress"))
    return [str(entry.get("hostname") or entry.get("ip")) for entry in entries]


def _linked_urls(live: Manifest) -> tuple[str, ...]:
    annotations = (live.get("metadata") or {}).get("annotations") or {}
    return tuple(sorted(v for k, v in annotations.items() if k.startswith(LINK_PREFIX)))


def app_summary(
    app_annotations: Mapping[str, str],
    external_urls: Iterable[str],
    images: Iterable[str],
    nodes: Iterable[ResourceKey],
) -> ApplicationSummary:
    """Return what lists show of an Application.

    Args:
        app_annotations: of the Application itself; its links count too.
        external_urls: of all nodes of the tree.
        images: of all nodes of the tree.
        nodes: keys of all nodes of the tree.
    """
    links = (value for key, value in app_annotations.items() if key.startswith(LINK_PREFIX))
    return ApplicationSummary(
        external_urls=tuple(sorted({*external_urls, *links})),
        images=tuple(sorted(set(images))),
        is_app_of_apps=any(node.group_kind == _APPLICATION for node in nodes),
    )


def _dicts(value: Any) -> list[Manifest]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
