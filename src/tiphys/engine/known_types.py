"""Parts of custom resources that have the type of a built-in one: `knownTypeFields`.

The API server keeps quantities and durations of a custom resource as they were written, because it
does not know that they are some. Who says which field has which type has them compared as what they
mean: `cpu: 2000m` is `cpu: 2`. What is compared is rewritten, never what is applied.

Source: Argo CD user guide, "Diff Customization", "Known Kubernetes types in CRDs".
"""

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, Final

from tiphys.model.application import KnownTypeField
from tiphys.model.errors import InvalidInputError
from tiphys.model.keys import GroupKind, Manifest
from tiphys.structured.quantities import canonical_duration, canonical_quantity
from tiphys.structured.schema import SchemaError, load_builtin_schema
from tiphys.structured.types import MapType, TypeRef

BUILT_IN: Final = {
    GroupKind("argoproj.io", "Rollout"): (
        KnownTypeField(field="spec.template.spec", type="core/v1/PodSpec"),
    )
}
"""What holds without any setting."""

_QUANTITY: Final = TypeRef("untyped", format_="quantity")
_DURATION: Final = TypeRef("string", format_="duration")
_CORE: Final = "core/v1/"
_REWRITES: Final[dict[str, Callable[[Any], str]]] = {
    "quantity": canonical_quantity,
    "duration": lambda value: canonical_duration(str(value)),
}
_ABSENT_IS_FALSE: Final = (
    "hostIPC",
    "hostNetwork",
    "hostPID",
    "publishNotReadyAddresses",
    "readOnly",
    "stdin",
    "stdinOnce",
    "tty",
)
# Not all booleans: a service account's token is mounted unless `false` is written.


@cache
def known_type(name: str) -> TypeRef | None:
    """Return the type that a name such as `core/v1/PodSpec` stands for, None for no such one."""
    if name == "core/Quantity":
        return _QUANTITY
    if name == "meta/v1/Duration":
        return _DURATION
    if name == f"{_CORE}ResourceList":
        return TypeRef(map_type=MapType(element=_QUANTITY))
    if not name.startswith(_CORE):
        return None
    try:
        return load_builtin_schema().named(f"io.k8s.api.core.v1.{name.removeprefix(_CORE)}")
    except SchemaError:
        return None


def with_known_types(manifest: Manifest, fields: Iterable[KnownTypeField]) -> Manifest:
    """Return a manifest whose quantities and durations are written in their one usual way.

    Args:
        manifest: untouched.
        fields: which parts have a known type; one whose type or path leads nowhere changes nothing.
    """
    return _changed(manifest, fields, _rewritten)


def with_absent_booleans(live: Manifest, fields: Iterable[KnownTypeField]) -> Manifest:
    """Return an object with `false` where it leaves out what is false unless written.

    For live only: an operator that knows the type drops what Git may spell out.

    Args:
        live: untouched.
        fields: as of `with_known_types`.
    """
    return _changed(live, fields, _with_false)


def _changed(
    manifest: Manifest, fields: Iterable[KnownTypeField], change: Callable[[Any, TypeRef], Any]
) -> Manifest:
    for known in fields:
        type_ = known_type(known.type)
        if type_ is not None:
            manifest = _at(manifest, known.field.split("."), change, type_)
    return manifest


def _at(value: Any, path: list[str], change: Callable[[Any, TypeRef], Any], type_: TypeRef) -> Any:
    if isinstance(value, list):
        return [_at(item, path, change, type_) for item in value]
    if not path:
        return change(value, type_)
    if not isinstance(value, dict) or path[0] not in value:
        return value
    return {**value, path[0]: _at(value[path[0]], path[1:], change, type_)}


def _with_false(value: Any, type_: TypeRef) -> Any:
    if isinstance(value, list):
        element = type_.list.element if type_.list is not None else None
        return value if element is None else [_with_false(item, element) for item in value]
    if not isinstance(value, dict):
        return value
    filled = {
        name: item if (child := type_.child(name)) is None else _with_false(item, child)
        for name, item in value.items()
    }
    for name in _ABSENT_IS_FALSE:
        child = type_.child(name)
        if filled.get(name) is None and child is not None and child.scalar == "boolean":
            filled[name] = False
    return filled


def _rewritten(value: Any, type_: TypeRef) -> Any:
    if isinstance(value, dict):
        return {
            name: item if (child := type_.child(name)) is None else _rewritten(item, child)
            for name, item in value.items()
        }
    if isinstance(value, list):
        element = type_.list.element if type_.list is not None else None
        return value if element is None else [_rewritten(item, element) for item in value]
    rewrite = _REWRITES.get(type_.format)
    if rewrite is None or value is None:
        return value
    try:
        return rewrite(value)
    except InvalidInputError:
        return value
