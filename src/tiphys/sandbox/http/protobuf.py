"""Reads objects that a client sends as protobuf; answers are JSON.

A message is read by the Go struct it was written from, so that the object is what its JSON would
have been. Fields that the struct does not have are skipped, as protobuf wants it.

Source: Kubernetes API concepts, "Kubernetes Protobuf encoding"; protobuf.dev, "Encoding".
"""

import base64
import struct
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from tiphys.sandbox.statuses import bad_request
from tiphys.sandbox.typed.apitypes import ApiField, ApiType, api_types

_MAGIC = b"k8s\0"
_META = "io.k8s.apimachinery.pkg.apis.meta.v1"
_MAX_DEPTH = 60
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ZEROS: dict[str, Any] = {"string": "", "bool": False, "float64": 0.0, "bytes": ""}
_REQUEST = "tiphys.TokenRequest"
# Stands at a subresource only, and so not among the types of the kinds that are served.
_MORE = {
    _REQUEST: ApiType(
        (
            ApiField("metadata", f"{_META}.ObjectMeta", 1, "e"),
            ApiField("spec", f"{_REQUEST}Spec", 2, ""),
        )
    ),
    f"{_REQUEST}Spec": ApiType(
        (
            ApiField("audiences", "[]string", 1, ""),
            ApiField("boundObjectRef", f"*{_REQUEST}Reference", 3, ""),
            ApiField("expirationSeconds", "*int64", 4, ""),
        )
    ),
    f"{_REQUEST}Reference": ApiType(
        tuple(
            ApiField(name, "string", number, "e")
            for number, name in enumerate(("kind", "apiVersion", "name", "uid"), 1)
        )
    ),
}
Wire = int | bytes
Fields = dict[int, list[Wire]]


class _MalformedError(Exception):
    """Bytes that are no message."""


def decode_protobuf(body: bytes) -> dict[str, Any]:
    """Return the object in a Kubernetes envelope.

    Raises:
        StatusError: it is malformed, or of a type that is not known.
    """
    try:
        return _object(body)
    except (_MalformedError, IndexError, ValueError, struct.error, RecursionError) as err:
        raise bad_request(f"the request body cannot be decoded as protobuf: {err}") from err


def _object(body: bytes) -> dict[str, Any]:
    if not body.startswith(_MAGIC):
        raise _MalformedError("the provided data does not appear to be a protobuf message")
    envelope = _read(body[len(_MAGIC) :])
    meta = _read(_last_bytes(envelope, 1))
    api_version, kind = (_last_bytes(meta, number).decode() for number in (1, 2))
    name = api_types().kinds.get(f"{api_version}/{kind}")
    if kind == "TokenRequest":
        name = _REQUEST
    found = _MORE.get(name or "") or api_types().types.get(name or "")
    if found is None:
        raise _MalformedError(f"{api_version}/{kind} cannot be read as protobuf, send JSON")
    decoded = _struct(found, _last_bytes(envelope, 2), 0)
    return {**decoded, "apiVersion": api_version, "kind": kind}


def _read(data: bytes) -> Fields:
    """Return the fields of a message by number; numbers as ints, the rest as bytes."""
    found: Fields = {}
    place = 0
    while place < len(data):
        tag, place = _varint(data, place)
        number, wire = tag >> 3, tag & 7
        value: Wire
        if wire == 0:
            value, place = _varint(data, place)
        elif wire in {1, 5}:
            size = 8 if wire == 1 else 4
            value, place = data[place : place + size], place + size
        elif wire == 2:
            size, place = _varint(data, place)
            value, place = data[place : place + size], place + size
        else:
            raise _MalformedError(f"wire type {wire} is not known")
        if place > len(data):
            raise _MalformedError("the message ends too early")
        found.setdefault(number, []).append(value)
    return found


def _varint(data: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[place]
        value |= (byte & 0x7F) << shift
        place, shift = place + 1, shift + 7
        if not byte & 0x80:
            return value, place
        if shift > 63:
            raise _MalformedError("a number is too long")


def _last_bytes(fields: Fields, number: int) -> bytes:
    value = fields.get(number, [b""])[-1]
    if not isinstance(value, bytes):
        raise _MalformedError(f"field {number} is a number")
    return value


def _struct(type_: ApiType, data: bytes, depth: int) -> dict[str, Any]:
    if depth > _MAX_DEPTH:
        raise _MalformedError("the object is nested too deeply")
    fields = _read(data)
    found: dict[str, Any] = {}
    for field in type_.fields:
        if not field.number or field.json == "-":
            continue
        values = fields.get(field.number, [])
        if not field.json:
            inner = api_types().types[field.go.lstrip("*")]
            for value in values[-1:]:
                found |= _struct(inner, _as_bytes(value), depth + 1)
            continue
        for value in _shown(field, values, depth):
            found[field.json] = value
    return found


def _shown(field: ApiField, values: list[Wire], depth: int) -> Iterator[Any]:
    """Yield the value of a field as JSON has it; nothing when JSON leaves it out."""
    go = field.go
    if go.startswith("map["):
        inner = go.partition("]")[2]
        if values:
            yield dict(_entry(inner, _as_bytes(value), depth) for value in values)
    elif go.startswith("[]"):
        if values:
            yield [_value(go[2:], value, depth) for value in values]
    elif go.startswith("*") or "." in go:
        yield from _shown_struct(go, values, depth)
    else:
        value = _value(go, values[-1], depth) if values else _ZEROS.get(go, 0)
        if value or "e" not in field.flags:
            yield value


def _shown_struct(go: str, values: list[Wire], depth: int) -> Iterator[Any]:
    value = _value(go.lstrip("*"), values[-1], depth) if values else None
    is_sent = go.startswith("*") and values
    if is_sent or value not in (None, {}, []):
        yield value


def _entry(go: str, data: bytes, depth: int) -> tuple[str, Any]:
    fields = _read(data)
    values = fields.get(2)
    if values is None:
        return _last_bytes(fields, 1).decode(), {} if "." in go else _ZEROS.get(go, 0)
    return _last_bytes(fields, 1).decode(), _value(go, values[-1], depth)


def _value(go: str, value: Wire, depth: int) -> Any:
    if "." in go:
        return _message(go, _as_bytes(value), depth + 1)
    if go == "bytes":
        return base64.b64encode(_as_bytes(value)).decode()
    if go == "string":
        return _as_bytes(value).decode()
    if go == "float64":
        return struct.unpack("<d", _as_bytes(value))[0]
    if not isinstance(value, int):
        raise _MalformedError(f"a number is written as bytes where {go} is expected")
    return bool(value) if go == "bool" else _signed(value)


def _message(go: str, data: bytes, depth: int) -> Any:
    special = _SPECIAL.get(go.rpartition(".")[2]) if "apimachinery" in go else None
    if special is not None:
        return special(_read(data))
    found = _MORE.get(go) or api_types().types[go]
    if found.items:
        return [_value(found.items[2:], value, depth) for value in _read(data).get(1, [])]
    if found.custom:
        return _json(_read(data))
    return _struct(found, data, depth)


def _signed(value: int) -> int:
    return value - (1 << 64) if value >= 1 << 63 else value


def _as_bytes(value: Wire) -> bytes:
    if isinstance(value, bytes):
        return value
    raise _MalformedError("a number stands where a message is expected")


def _number(fields: Fields, number: int) -> int:
    value = fields.get(number, [0])[-1]
    if not isinstance(value, int):
        raise _MalformedError(f"field {number} is no number")
    return _signed(value)


def _time(fields: Fields, timespec: str = "seconds") -> str | None:
    if not fields:
        return None
    micros = _number(fields, 2) // 1000 if timespec == "microseconds" else 0
    moment = _EPOCH + timedelta(seconds=_number(fields, 1), microseconds=micros)
    return moment.isoformat(timespec=timespec).replace("+00:00", "Z")


def _int_or_string(fields: Fields) -> int | str:
    if _number(fields, 1):
        return _last_bytes(fields, 3).decode()
    return _number(fields, 2)


def _duration(fields: Fields) -> str:
    return f"{_number(fields, 1) / 1e9:g}s"


def _json(fields: Fields) -> Any:
    raw = _last_bytes(fields, 1)
    return orjson.loads(raw) if raw else None


_SPECIAL: dict[str, Callable[[Fields], Any]] = {
    "Quantity": lambda fields: _last_bytes(fields, 1).decode(),
    "Time": _time,
    "MicroTime": lambda fields: _time(fields, "microseconds"),
    "Duration": _duration,
    "IntOrString": _int_or_string,
    "RawExtension": _json,
    "FieldsV1": _json,
}
