"""Built-in objects as the server's Go structs hold them.

What a request says is decoded into structs and written as JSON again: nulls, unknown fields and
zero values that Go leaves out are gone, structs that it cannot leave out are there, quantities have
one form, and what does not fit a field is an error.

Source: encoding/json as sigs.k8s.io/json has it; the struct tags of k8s.io/api (see apitypes).
"""

from collections.abc import Collection
from functools import cache
from typing import Any, NamedTuple

from tiphys.sandbox.typed.apitypes import ApiField, ApiType, api_types
from tiphys.sandbox.typed.scalars import (
    META,
    QUANTITY,
    SCALARS,
    Change,
    DecodeError,
    amount,
    element_of,
    json_name,
)

_ZEROS: dict[str, Any] = {
    "string": "", "bool": False, "int32": 0, "int64": 0, "float64": 0, QUANTITY: "0",
}  # fmt: skip
_PLAIN = {"string": str, "bool": bool}
_TIMES = {f"{META}Time", f"{META}MicroTime"}
_COLLECTIONS = {"[]", "ma"}


class UnknownFieldError(ValueError):
    """A struct has no such field."""


class _Slot(NamedTuple):
    """A field of a struct, ready to be decoded.

    Attributes:
        plain: the class of values that are taken as they are, if there is one.
        omits: its zero value is left out, in JSON or on the way through the store.
    """

    plain: type | None
    omits: bool
    decode: Change


def decoded(manifest: dict[str, Any], kind: str, *, is_strict: bool = False) -> dict[str, Any]:
    """Return an object as the server would write it; `kind` is "apps/v1/Deployment".

    Raises:
        DecodeError: a value does not fit its field.
        UnknownFieldError: it has a field that its kind does not know, and `is_strict`.
    """
    name = api_types().kinds.get(kind)
    result: dict[str, Any] = _decoder(name, is_strict=is_strict)(manifest) if name else manifest
    return result


def decoded_metadata(metadata: Any) -> dict[str, Any]:
    """Return the metadata of a custom resource: nothing else of it has a type of Go.

    Raises:
        DecodeError: a value does not fit its field.
    """
    result: dict[str, Any] = _decoder(f"{META}ObjectMeta", is_strict=False)(metadata)
    return result


def filled(manifest: dict[str, Any], kind: str, complete: Collection[str] = ()) -> dict[str, Any]:
    """Return an object with what Go cannot leave out: empty structs, zeros and null lists.

    Args:
        manifest: the object.
        kind: "apps/v1/Deployment".
        complete: fields that lack nothing.
    """
    name = api_types().kinds.get(kind)
    fill = _filler(name) if name else None
    return fill(manifest, complete) if isinstance(fill, _StructFiller) else manifest


@cache
def flat_fields(name: str) -> tuple[ApiField, ...]:
    """Return the fields of a struct as JSON has them, those of embedded structs among them."""
    return tuple(field for field, _, _ in _placed_fields(name))


def struct_type(go: str) -> ApiType | None:
    """Return a struct by its name, None for all other types."""
    found = api_types().types.get(go)
    return found if found and not found.custom and not found.items else None


@cache
def _decoder(go: str, *, is_strict: bool) -> Change:
    if go.startswith("*"):
        return _decoder(go[1:], is_strict=is_strict)
    if go.startswith("[]"):
        return _list_decoder(go, is_strict=is_strict)
    if go.startswith("map["):
        return _map_decoder(go, is_strict=is_strict)
    if go in SCALARS:
        return SCALARS[go]
    if struct_type(go):
        return _StructDecoder(go, is_strict=is_strict)
    found = api_types().types.get(go)
    return (
        _decoder(found.items, is_strict=is_strict) if found and found.items else lambda value: value
    )


def _list_decoder(go: str, *, is_strict: bool) -> Change:
    decode, zero = _decoder(go[2:], is_strict=is_strict), _zero(go[2:])

    def decode_list(value: Any) -> Any:
        if value.__class__ is not list:
            raise DecodeError(json_name(value), go)
        return [zero if item is None else decode(item) for item in value]

    return decode_list


def _map_decoder(go: str, *, is_strict: bool) -> Change:
    element = go.partition("]")[2]
    decode, zero = _decoder(element, is_strict=is_strict), _zero(element)
    if element == QUANTITY:
        decode = amount

    def decode_map(value: Any) -> Any:
        if value.__class__ is not dict:
            raise DecodeError(json_name(value), go)
        return {key: zero if item is None else decode(item) for key, item in value.items()}

    return decode_map


class _StructDecoder:
    """Decodes a struct; what it needs is looked up when first used: a struct may contain itself."""

    def __init__(self, go: str, *, is_strict: bool) -> None:
        self._go, self._is_strict = go, is_strict
        self._slots: dict[str, _Slot] = {}
        # The struct that has a field, an embedded one perhaps, and the path that errors show.
        self._places: dict[str, tuple[str, str]] = {}
        self._zeros: dict[str, Any] = {}
        self._structs: dict[str, Change] = {}

    def __call__(self, value: Any) -> Any:
        if not self._slots:
            self._prepare()
        if value.__class__ is not dict:
            raise DecodeError(json_name(value), self._go)
        slots, result = self._slots, {**self._zeros}
        for name, given in value.items():
            slot = slots.get(name)
            if slot is None and self._is_strict:
                raise UnknownFieldError
            if slot is None or given is None:
                continue
            plain, omits, decode = slot
            # Most values are texts, and decoded as they are.
            entry = given if given.__class__ is plain else self._decoded(name, decode, given)
            if entry or not omits:
                result[name] = entry
        if self._structs:
            self._complete(result)
        return result

    def _complete(self, result: dict[str, Any]) -> None:
        for name, decode in self._structs.items():
            if name not in result:
                result[name] = decode({})

    def _decoded(self, name: str, decode: Change, given: Any) -> Any:
        try:
            return decode(given)
        except DecodeError as err:
            struct, path = self._places[name]
            err.path.insert(0, path)
            err.struct = err.struct or struct
            raise

    def _prepare(self) -> None:
        for field, struct, path in _placed_fields(self._go):
            omits = "e" in field.flags and field.go[0] != "*" and not struct_type(field.go)
            decode = _decoder(field.go, is_strict=self._is_strict)
            plain = _PLAIN.get(field.go.lstrip("*"))
            self._slots[field.json] = _Slot(plain, omits, decode)
            self._places[field.json] = struct, path
            if field.go == QUANTITY or (field.go in _ZEROS and "e" not in field.flags):
                self._zeros[field.json] = _ZEROS[field.go]
            elif struct_type(field.go):
                self._structs[field.json] = decode


@cache
def _placed_fields(name: str) -> tuple[tuple[ApiField, str, str], ...]:
    """Return the fields of a struct with the struct that has each, and its path in errors."""
    short = name.rpartition(".")[2]
    found: list[tuple[ApiField, str, str]] = []
    for field in api_types().types[name].fields:
        if field.json:
            found.append((field, short, field.json))
        elif field.go in api_types().types:
            embedded = field.go.rpartition(".")[2]
            inner = _placed_fields(field.go)
            found += [(each, struct, f"{embedded}.{path}") for each, struct, path in inner]
    return tuple(entry for entry in found if entry[0].json != "-")


@cache
def _filler(go: str) -> Change | None:
    """Return what completes values of a type; None when there is nothing to complete."""
    if not _needs_filling(go, frozenset()):
        return None
    if go.startswith("*"):
        return _filler(go[1:])
    if go.startswith("[]"):
        inner = _filler(go[2:])
        assert inner is not None
        return lambda value: [inner(item) for item in value]
    if go.startswith("map["):
        each = _filler(go.partition("]")[2])
        assert each is not None
        return lambda value: {key: each(item) for key, item in value.items()}
    return _StructFiller(go)


class _StructFiller:
    """Completes a struct; what it needs is looked up when first used, as for decoding."""

    def __init__(self, go: str) -> None:
        self._go, self._is_ready = go, False
        self._missing: dict[str, Any] = {}
        self._nulls: list[str] = []
        self._fillers: dict[str, Change] = {}
        self._structs: list[tuple[str, Change | None]] = []

    def __call__(self, value: dict[str, Any], complete: Collection[str] = ()) -> dict[str, Any]:
        if not self._is_ready:
            self._prepare()
        result, fillers = {**self._missing, **value}, self._fillers
        for name in self._nulls:
            result[name] = result[name] or None  # so it is after a way through the store
        for name, entry in value.items():
            if entry and name in fillers and name not in complete:
                result[name] = fillers[name](entry)
        for name, fill_struct in self._structs:
            if name in complete:
                continue
            entry = result.get(name) or {}
            result[name] = fill_struct(entry) if fill_struct else entry
        return result

    def _prepare(self) -> None:
        for field in flat_fields(self._go):
            fill = _filler(field.go)
            if struct_type(field.go) and field.json != "metadata":
                self._structs.append((field.json, fill))
            elif fill is not None:
                self._fillers[field.json] = fill
            if _is_always_there(field):
                self._missing[field.json] = _ZEROS.get(field.go)
                self._nulls += [field.json] if field.go[:2] in _COLLECTIONS else []
        self._is_ready = True


def _is_always_there(field: ApiField) -> bool:
    if field.go == QUANTITY or (field.go in _TIMES and "z" not in field.flags):
        return True
    return "e" not in field.flags and (field.go in _ZEROS or field.go[:2] in _COLLECTIONS)


@cache
def _needs_filling(go: str, above: frozenset[str]) -> bool:
    name = element_of(go)
    if name in above or not struct_type(name):
        return False
    for field in flat_fields(name):
        if struct_type(field.go) or _is_always_there(field):
            return True
        if _needs_filling(field.go, above | {name}):
            return True
    return False


def _zero(go: str) -> Any:
    return "" if go == "bytes" else _ZEROS.get(go, {} if struct_type(go) else None)
