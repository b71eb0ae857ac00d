"""The kinds that the sandbox serves: those recorded off a real API server, and custom ones."""

import re
from collections.abc import Iterable
from importlib import resources
from typing import Any

import msgspec

from tiphys.model.keys import GroupVersionKind
from tiphys.sandbox.typed.versions import converted, in_version
from tiphys.structured.schema import load_builtin_schema, schema_from_crd
from tiphys.structured.types import TypeRef
from tiphys.structured.versions import Versions

_ANYTHING = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
_ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
_KUBE_VERSION = re.compile(r"v([1-9]\d*)(?:(beta|alpha)([1-9]\d*))?")
_STAGES = (None, "beta", "alpha")
# Kinds of one group that are the same objects as those of another.
_SAME = {("events.k8s.io", "events"): ("", "events")}


class Served(msgspec.Struct, frozen=True, kw_only=True):
    """What a subresource answers with; without a group and a version those of its resource."""

    kind: str
    verbs: tuple[str, ...] = ("get", "patch", "update")
    group: str = ""
    version: str = ""


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """A kind in one version.

    Attributes:
        served: what subresources answer with.
        schema: the OpenAPI schema of a custom kind's version; None for a built-in one.
        columns: printer columns of a custom kind.
        selectable: paths of fields that objects of a custom kind can be selected by.
        stored_version: the version in which objects of a custom kind are kept.
        schemas: the schemas of all its versions, served or not.
        is_revised: stored objects may have been written under another schema.
    """

    group: str
    version: str
    kind: str
    plural: str
    singular: str
    namespaced: bool
    verbs: tuple[str, ...]
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subresources: tuple[str, ...] = ()
    served: dict[str, Served] = {}
    schema: dict[str, Any] | None = None
    columns: tuple[dict[str, Any], ...] = ()
    scale_paths: dict[str, str] | None = None
    selectable: tuple[str, ...] = ()
    is_custom: bool = False
    stored_version: str = ""
    schemas: dict[str, dict[str, Any]] = {}
    is_revised: bool = False

    @property
    def gvk(self) -> GroupVersionKind:
        """Group, version and kind."""
        return GroupVersionKind(self.group, self.version, self.kind)

    @property
    def collection(self) -> tuple[str, str]:
        """What is stored together: objects of all versions of a kind."""
        return _SAME.get((self.group, self.plural), (self.group, self.plural))

    @property
    def stored_schema(self) -> dict[str, Any]:
        """The schema of a custom kind in the version in which its objects are kept."""
        return self.schemas[self.stored_version]

    @property
    def has_status(self) -> bool:
        """True when the status is written through its own subresource only."""
        return "status" in self.subresources


class Kinds:
    """All kinds that are served now."""

    def __init__(self) -> None:
        self._by_path: dict[tuple[str, str, str], Kind] = {}
        self._versions: dict[tuple[str, str], Versions] = {}
        self._by_name: dict[tuple[str, str], Kind] = {}
        for kind in _recorded():
            self._by_path[(kind.group, kind.version, kind.plural)] = kind
        self._built_in = {kind.group for kind in self.all()}
        self.generation = 0

    def find(self, group: str, version: str, plural: str) -> Kind | None:
        """Return the kind at a path, None when there is none."""
        return self._by_path.get((group, version, plural))

    def of(self, group: str, kind: str) -> Kind | None:
        """Return a kind by its name, in the preferred version."""
        if not self._by_name:
            # The last of equal names stays: that of the preferred version.
            ordered = sorted(self.all(), key=version_order, reverse=True)
            self._by_name = {(entry.group, entry.kind): entry for entry in ordered}
        return self._by_name.get((group, kind))

    def is_built_in(self, group: str) -> bool:
        """Return whether the server itself has a group."""
        return group in self._built_in

    def all(self) -> Iterable[Kind]:
        """Return every kind in every version."""
        return self._by_path.values()

    def add(self, kinds: Iterable[Kind]) -> None:
        """Serve custom kinds."""
        for kind in kinds:
            self._by_path[(kind.group, kind.version, kind.plural)] = kind
            self._versions.pop(kind.collection, None)
        self._changed()

    def remove(self, group: str, plural: str) -> None:
        """Stop serving a custom kind."""
        for path in [p for p in self._by_path if (p[0], p[2]) == (group, plural)]:
            self._versions.pop(self._by_path.pop(path).collection, None)
        self._changed()

    def _changed(self) -> None:
        self._by_name.clear()
        self.generation += 1

    def type_of(self, kind: Kind) -> TypeRef:
        """Return the type of a kind's objects."""
        if kind.is_custom:
            return self.versions_of(kind).types[kind.gvk.api_version]
        found = load_builtin_schema().schema_for(kind.gvk)
        assert found is not None, f"the schemas lack {kind.gvk}"
        return found

    def versions_of(self, kind: Kind) -> Versions:
        """Return the versions in which a kind's objects are written and read."""
        found = self._versions.get(kind.collection)
        if found is None:
            found = self._custom_versions(kind) if kind.is_custom else self._served_versions(kind)
            self._versions[kind.collection] = found
        return found

    def _served_versions(self, kind: Kind) -> Versions:
        same = [entry for entry in self.all() if entry.collection == kind.collection]
        return Versions({entry.gvk.api_version: self.type_of(entry) for entry in same}, converted)

    def _custom_versions(self, kind: Kind) -> Versions:
        types = {f"{kind.group}/{name}": _custom_type(s) for name, s in kind.schemas.items()}
        return Versions(types, in_version, drops_others=False)


def _custom_type(schema: dict[str, Any]) -> TypeRef:
    return schema_from_crd(schema or {"x-kubernetes-preserve-unknown-fields": True})


def version_order(kind: Kind) -> tuple[bool, int, int, int, str]:
    """Order versions: stable ones before beta and alpha, of each the highest first.

    Source: Kubernetes documentation, "Versions in CustomResourceDefinitions", version priority.
    """
    found = _KUBE_VERSION.fullmatch(kind.version)
    if found is None:
        return True, 0, 0, 0, kind.version
    major, stage, minor = found.groups()
    return False, _STAGES.index(stage), -int(major), -int(minor or 0), ""


def _recorded() -> Iterable[Kind]:
    raw = (resources.files("tiphys.sandbox.data") / "kinds.json").read_bytes()
    document = msgspec.json.decode(raw)
    return msgspec.convert(document["kinds"], list[Kind])


def _custom_served(subresource: str, kind: str) -> Served:
    if subresource == "scale":
        return Served(kind="Scale", group="autoscaling", version="v1")
    return Served(kind=kind)


def custom_kinds(definition: dict[str, Any]) -> list[Kind]:
    """Return the kinds that a CustomResourceDefinition defines, its served versions only."""
    spec = definition["spec"]
    names = spec["names"]
    stored = next(version for version in spec["versions"] if version.get("storage"))
    is_revised = definition["metadata"].get("generation", 1) > 1 or len(spec["versions"]) > 1
    schemas = {
        version["name"]: (version.get("schema") or {}).get("openAPIV3Schema") or {}
        for version in spec["versions"]
    }
    kinds = []
    for version in spec["versions"]:
        if not version.get("served"):
            continue
        subresources = version.get("subresources") or {}
        kinds.append(
            Kind(
                group=spec["group"],
                version=version["name"],
                kind=names["kind"],
                plural=names["plural"],
                singular=names.get("singular") or names["kind"].lower(),
                namespaced=spec["scope"] == "Namespaced",
                verbs=_ALL_VERBS,
                short_names=tuple(names.get("shortNames") or ()),
                categories=tuple(names.get("categories") or ()),
                subresources=tuple(sorted(subresources)),
                served={sub: _custom_served(sub, names["kind"]) for sub in subresources},
                schema=schemas[version["name"]],
                columns=tuple(version.get("additionalPrinterColumns") or ()),
                scale_paths=subresources.get("scale"),
                selectable=tuple(
                    field["jsonPath"] for field in version.get("selectableFields") or ()
                ),
                is_custom=True,
                stored_version=stored["name"],
                schemas=schemas,
                is_revised=is_revised,
            )
        )
    return kinds
