"""Built-in objects as the server's Go structs hold them.

What a request says is decoded into structs and written as JSON again: nulls and zero values that
Go leaves out are gone, quantities have one form, and what does not fit a field is an error.

Source: encoding/json as sigs.k8s.io/json has it; the struct tags of k8s.io/api (see apitypes).
"""

import base64
import re
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

from tiphys.sandbox.apitypes import ApiField, ApiType, api_types
from tiphys.structured.quantities import QuantityError, canonical_quantity

Change = Callable[[Any], Any]

_PACKAGES = "io.k8s.apimachinery.pkg."
_QUANTITY = f"{_PACKAGES}api.resource.Quantity"
_INT_OR_STRING = f"{_PACKAGES}util.intstr.IntOrString"
_META = f"{_PACKAGES}apis.meta.v1."
_ZEROS: dict[str, Any] = {
    "string": "", "bool": False, "int32": 0, "int64": 0, "float64": 0, _QUANTITY: "0",
}  # fmt: skip
_TIMES = {f"{_META}Time", f"{_META}MicroTime"}
_COLLECTIONS = {"[]", "ma"}
_LIMITS = {"int32": 2**31, "int64": 2**63}
_JSON_NAMES = {
    str: "string", bool: "bool", int: "number", float: "number", dict: "object", list: "array",
}  # fmt: skip
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_BASE64 = re.compile(r"[A-Za-z0-9+/]*")


class DecodeError(ValueError):
    """A value does not fit its field; the text is the server's.

    Attributes:
        path: fields from the object down to the value.
        struct: the struct of the last field, without its package.
    """

    def __init__(self, got: str, go: str, text: str = "") -> None:
        super().__init__(text)
        self.got, self.go, self.text = got, go, text
        self.path: list[str] = []
        self.struct = ""

    def __str__(self) -> str:
        if self.text:
            return self.text
        where = f"struct field {self.struct}.{'.'.join(self.path)} of type {_go_name(self.go)}"
        return f"json: cannot unmarshal {self.got} into Go {where}"


class _Slot(NamedTuple):
    """A field of a struct, ready to be decoded.

    Attributes:
        omits: its zero value is left out, in JSON or on the way through the store.
    """

    decode: Change
    omits: bool


def decoded(manifest: dict[str, Any], kind: str) -> dict[str, Any]:
    """Return an object as the server would write it; `kind` is "apps/v1/Deployment".

    Raises:
        DecodeError: a value does not fit its field.
    """
    name = api_types().kinds.get(kind)
    result: dict[str, Any] = _decoder(name)(manifest) if name else manifest
    return result


def filled(manifest: dict[str, Any], kind: str) -> dict[str, Any]:
    """Return an object with what Go cannot leave out: empty structs, zeros and null lists."""
    name = api_types().kinds.get(kind)
    fill = _filler(name) if name else None
    return fill(manifest) if fill else manifest


@cache
def flat_fields(name: str) -> tuple[ApiField, ...]:
    """Return the fields of a struct as JSON has them, those of embedded structs among them."""
    found: list[ApiField] = []
    for field in api_types().types[name].fields:
        if field.json:
            found.append(field)
        elif field.go in api_types().types:
            found += flat_fields(field.go)
    return tuple(field for field in found if field.json != "-")


def element_of(go: str) -> str:
    """Return the type below pointers, lists and maps."""
    return re.sub(r"^(\*|\[\]|map\[string\])+", "", go)


def struct_type(go: str) -> ApiType | None:
    """Return a struct by its name, None for all other types."""
    found = api_types().types.get(go)
    return found if found and not found.custom and not found.items else None


@cache
def _decoder(go: str) -> Change:
    if go.startswith("*"):
        return _decoder(go[1:])
    if go.startswith("[]"):
        return _list_decoder(go)
    if go.startswith("map["):
        return _map_decoder(go)
    if go in _SCALARS:
        return _SCALARS[go]
    if struct_type(go):
        return _StructDecoder(go)
    found = api_types().types.get(go)
    return _decoder(found.items) if found and found.items else lambda value: value


def _list_decoder(go: str) -> Change:
    decode, zero = _decoder(go[2:]), _zero(go[2:])

    def decode_list(value: Any) -> Any:
        if value.__class__ is not list:
            raise DecodeError(_named(value), go)
        return [zero if item is None else decode(item) for item in value]

    return decode_list


def _map_decoder(go: str) -> Change:
    element = go.partition("]")[2]
    decode, zero = _decoder(element), _zero(element)

    def decode_map(value: Any) -> Any:
        if value.__class__ is not dict:
            raise DecodeError(_named(value), go)
        return {key: zero if item is None else decode(item) for key, item in value.items()}

    return decode_map


class _StructDecoder:
    """Decodes a struct; what it needs is looked up when first used: a struct may contain itself."""

    def __init__(self, go: str) -> None:
        self._go, self._short = go, go.rpartition(".")[2]
        self._slots: dict[str, _Slot] = {}
        self._zeros: dict[str, Any] = {}

    def __call__(self, value: Any) -> Any:
        if not self._slots:
            self._prepare()
        if value.__class__ is not dict:
            raise DecodeError(_named(value), self._go)
        slots, result = self._slots, dict(self._zeros)
        for name, given in value.items():
            slot = slots.get(name)
            if slot is None or given is None:
                continue
            try:
                entry = slot.decode(given)
            except DecodeError as err:
                err.path.insert(0, name)
                err.struct = err.struct or self._short
                raise
            if entry or not slot.omits:
                result[name] = entry
        return result

    def _prepare(self) -> None:
        for field in flat_fields(self._go):
            omits = "e" in field.flags and field.go[0] != "*" and not struct_type(field.go)
            self._slots[field.json] = _Slot(_decoder(field.go), omits)
            if field.go == _QUANTITY or (field.go in _ZEROS and "e" not in field.flags):
                self._zeros[field.json] = _ZEROS[field.go]


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
        self._fillers: list[tuple[str, Change]] = []
        self._structs: list[tuple[str, Change | None]] = []

    def __call__(self, value: Any) -> Any:
        if not self._is_ready:
            self._prepare()
        result = {**self._missing, **value}
        for name in self._nulls:
            result[name] = result[name] or None  # so it is after a way through the store
        for name, fill in self._fillers:
            if result.get(name):
                result[name] = fill(result[name])
        for name, fill_struct in self._structs:
            entry = result.get(name) or {}
            result[name] = fill_struct(entry) if fill_struct else entry
        return result

    def _prepare(self) -> None:
        for field in flat_fields(self._go):
            fill = _filler(field.go)
            if struct_type(field.go) and field.json != "metadata":
                self._structs.append((field.json, fill))
            elif fill is not None:
                self._fillers.append((field.json, fill))
            if _is_always_there(field):
                self._missing[field.json] = _ZEROS.get(field.go)
                self._nulls += [field.json] if field.go[:2] in _COLLECTIONS else []
        self._is_ready = True


def _is_always_there(field: ApiField) -> bool:
    if field.go == _QUANTITY or (field.go in _TIMES and "z" not in field.flags):
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


def _named(value: Any) -> str:
    return _JSON_NAMES.get(value.__class__, "value")


def _go_name(go: str) -> str:
    prefix = go[: len(go) - len(element_of(go))].lstrip("*")
    parts = element_of(go).split(".")
    if len(parts) == 1:
        return prefix + ("[]uint8" if parts[0] == "bytes" else parts[0])
    return f"{prefix}{parts[-2]}.{parts[-1]}"


def _text(value: Any) -> Any:
    if value.__class__ is not str:
        raise DecodeError(_named(value), "string")
    return value


def _flag(value: Any) -> Any:
    if value.__class__ is not bool:
        raise DecodeError(_named(value), "bool")
    return value


def _whole(go: str) -> Change:
    def decode(value: Any) -> Any:
        if value.__class__ is float and value.is_integer():
            value = int(value)
        if value.__class__ is float or (value.__class__ is int and abs(value) >= _LIMITS[go]):
            raise DecodeError(f"number {value}", go)
        if value.__class__ is not int:
            raise DecodeError(_named(value), go)
        return value

    return decode


def _number(value: Any) -> Any:
    if value.__class__ not in {int, float}:
        raise DecodeError(_named(value), "float64")
    return value


def _bytes(value: Any) -> Any:
    text = _text(value)
    plain = text.replace("\n", "").replace("\r", "")
    body = plain.rstrip("=")
    padding = len(plain) - len(body)
    wrong = _BASE64.match(body)
    if wrong is not None and wrong.end() < len(body):
        at = text.index(body[wrong.end()])
    elif len(plain) % 4 or padding > 2:
        at = len(body) // 4 * 4 if not padding else len(body) + min(padding, 2)
    else:
        return base64.b64encode(base64.b64decode(plain)).decode()
    raise DecodeError("", "bytes", f"illegal base64 data at input byte {at}")


def _quantity(value: Any) -> Any:
    if value.__class__ not in {str, int, float}:
        raise DecodeError(_named(value), _QUANTITY)
    try:
        return canonical_quantity(value)
    except QuantityError as err:
        raise DecodeError("", "", err.what) from err


def _int_or_string(value: Any) -> Any:
    if value.__class__ not in {str, int}:
        raise DecodeError(_named(value), "int32")
    return value


def _time(value: Any) -> Any:
    if not _TIME.fullmatch(_text(value)):
        layout = "2006-01-02T15:04:05Z07:00"
        text = f'parsing time "{value}" as "{layout}": cannot parse "{value}" as "2006"'
        raise DecodeError("", "", text)
    return value


_SCALARS: dict[str, Change] = {
    "string": _text,
    "bool": _flag,
    "int32": _whole("int32"),
    "int64": _whole("int64"),
    "float64": _number,
    "bytes": _bytes,
    _QUANTITY: _quantity,
    _INT_OR_STRING: _int_or_string,
    f"{_META}Time": _time,
    f"{_META}MicroTime": _time,
}
