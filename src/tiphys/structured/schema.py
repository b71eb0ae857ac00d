"""Types of the built-in kinds, and of custom resources from their OpenAPI schema.

The built-in ones come from package data that `scripts/generate_schemas.py` wrote; a kind's types
are built when it is first asked for and then kept for the life of the `Schemas` object.

Source: kube-openapi, pkg/schemaconv/openapi.go; apiextensions-apiserver, the OpenAPI builder.
"""

import importlib.resources
import zlib
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import orjson

from tiphys.model.errors import InvalidInputError
from tiphys.model.keys import GroupVersionKind
from tiphys.structured.types import (
    DEDUCED,
    UNTYPED_ATOMIC,
    ListType,
    MapType,
    PatchRule,
    TypeRef,
)

OBJECT_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
_QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity"
_INT_OR_STRING = "io.k8s.apimachinery.pkg.util.intstr.IntOrString"
_RAW_EXTENSION = "io.k8s.apimachinery.pkg.runtime.RawExtension"
_SCALARS = {"integer": "numeric", "number": "numeric", "boolean": "boolean"}

_OpenApi = Mapping[str, Any]
_Resolve = Callable[[str], TypeRef]


class SchemaError(InvalidInputError):
    """An OpenAPI schema cannot be turned into a type."""

    reason = "InvalidSchema"


class Schemas:
    """The types of a set of OpenAPI definitions, built as they are asked for."""

    def __init__(self, definitions: Mapping[str, _OpenApi]) -> None:
        self._definitions = definitions
        self._types: dict[str, TypeRef] = {}
        self._kinds = {
            GroupVersionKind(gvk["group"], gvk["version"], gvk["kind"]): name
            for name, definition in definitions.items()
            for gvk in definition.get("x-kubernetes-group-version-kind", ())
        }

    def names(self) -> list[str]:
        """Return the names of all definitions, sorted."""
        return sorted(self._definitions)

    def kinds(self) -> list[GroupVersionKind]:
        """Return every kind that has a type, sorted."""
        return sorted(self._kinds)

    def schema_for(self, gvk: GroupVersionKind) -> TypeRef | None:
        """Return the type of a kind, None for a kind that is not known here."""
        name = self._kinds.get(gvk)
        return None if name is None else self.named(name)

    def named(self, name: str) -> TypeRef:
        """Return the type of a definition.

        Raises:
            SchemaError: there is no definition of that name.
        """
        known = self._types.get(name)
        if known is not None:
            return known
        if name not in self._definitions:
            raise SchemaError("no such definition", where=name)
        result = _special_type(name)
        self._types[name] = result  # before its fields are built: a definition may contain itself
        if result.scalar is None and result.map is None:
            _fill(result, self._definitions[name], self.named, keep_unknown=False)
            if result.map is not None:
                defaults = result.map.defaults.items()
                result.map.structs = tuple(field for field, value in defaults if value == {})
        return result


@cache
def builtin_definitions() -> Mapping[str, _OpenApi]:
    """Return the OpenAPI definitions of the Kubernetes version that we ship, by name."""
    data = importlib.resources.files("tiphys.structured") / "data" / "builtin.json.zlib"
    definitions: dict[str, _OpenApi] = orjson.loads(zlib.decompress(data.read_bytes()))
    return definitions


@cache
def load_builtin_schema() -> Schemas:
    """Return the types of every built-in kind of the Kubernetes version that we ship."""
    return Schemas(builtin_definitions())


def schema_from_crd(open_api: _OpenApi) -> TypeRef:
    """Return the type of a custom resource from a version's `schema.openAPIV3Schema`.

    `{}` or a schema without properties gives a type that takes anything; metadata is always that
    of every object, whatever the schema says about it.
    """
    named = load_builtin_schema().named
    root = {"type": "object", **open_api}
    result = TypeRef(name="custom resource")
    _fill(result, root, named, keep_unknown=False)
    _add_object_fields(result, named)
    return result


def _special_type(name: str) -> TypeRef:
    if name == _QUANTITY:
        return TypeRef("untyped", name=name, format_="quantity")
    if name == _INT_OR_STRING:
        return TypeRef("untyped", name=name, format_="int-or-string")
    if name == _RAW_EXTENSION:
        return UNTYPED_ATOMIC
    return TypeRef(name=name)


def _fill(type_: TypeRef, spec: _OpenApi, resolve: _Resolve, *, keep_unknown: bool) -> None:
    kind = spec.get("type", "")
    keep = keep_unknown or spec.get("x-kubernetes-preserve-unknown-fields") is True
    type_.format = str(spec.get("format", ""))
    if spec.get("x-kubernetes-int-or-string"):
        kind, type_.format = "", "int-or-string"
    if kind in {"", "object"}:
        type_.map = _map_type(spec, resolve, keep_unknown=keep)
    if kind in {"", "array"}:
        type_.list = _list_type(spec, resolve, keep_unknown=keep)
    if kind == "string":
        type_.scalar = "string" if type_.format in {"", "byte"} else "untyped"
    elif kind not in {"object", "array"}:
        type_.scalar = _SCALARS.get(kind, "untyped")
    if spec.get("x-kubernetes-embedded-resource") is True and type_.map:
        _add_object_fields(type_, load_builtin_schema().named)


def _type_of(spec: _OpenApi, resolve: _Resolve, *, keep_unknown: bool) -> TypeRef:
    name = spec.get("$ref", "")
    if not name and len(spec.get("allOf", ())) == 1:
        name = spec["allOf"][0].get("$ref", "")
    if not name:
        result = TypeRef()
        _fill(result, spec, resolve, keep_unknown=keep_unknown)
        return result
    named = resolve(name)
    relation = spec.get("x-kubernetes-map-type")
    if relation is None or named.map is None:
        return named
    atomic = named.map.with_atomic(atomic=relation == "atomic")
    return TypeRef(named.scalar, named.list, atomic, name=named.name, format_=named.format)


def _map_type(spec: _OpenApi, resolve: _Resolve, *, keep_unknown: bool) -> MapType:
    properties = spec.get("properties") or {}
    result = MapType(atomic=spec.get("x-kubernetes-map-type") == "atomic")
    extra = spec.get("additionalProperties")
    if isinstance(extra, Mapping):
        result.element = _type_of(extra, resolve, keep_unknown=keep_unknown)
    elif extra is True or (extra is None and (keep_unknown or not properties)):
        result.element = DEDUCED
    result.required = tuple(spec.get("required") or ())
    for name, field in properties.items():
        result.fields[name] = _type_of(field, resolve, keep_unknown=keep_unknown)
        if strategy := field.get("x-kubernetes-patch-strategy"):
            merge_key = field.get("x-kubernetes-patch-merge-key", "")
            result.rules[name] = PatchRule(tuple(strategy.split(",")), merge_key)
    result.defaults = {n: f["default"] for n, f in properties.items() if "default" in f}
    return result


def _list_type(spec: _OpenApi, resolve: _Resolve, *, keep_unknown: bool) -> ListType:
    items = spec.get("items")
    element = UNTYPED_ATOMIC
    if isinstance(items, Mapping):
        element = _type_of(items, resolve, keep_unknown=keep_unknown)
    kind = spec.get("x-kubernetes-list-type")
    if kind == "map":
        return ListType(element, atomic=False, keys=tuple(spec["x-kubernetes-list-map-keys"]))
    if kind == "set":
        return ListType(element, atomic=False)
    # Definitions older than the list types say it with the rules of strategic merge alone.
    if kind is None and "merge" in spec.get("x-kubernetes-patch-strategy", "").split(","):
        merge_key = spec.get("x-kubernetes-patch-merge-key")
        return ListType(element, atomic=False, keys=(merge_key,) if merge_key else ())
    return ListType(element, atomic=True)


def _add_object_fields(type_: TypeRef, named: _Resolve) -> None:
    fields = (type_.map or MapType()).fields
    fields["apiVersion"] = fields["kind"] = TypeRef("string")
    fields["metadata"] = named(OBJECT_META)
