"""The bodies of requests: JSON, YAML or protobuf, and what a strict reader says about them.

Source: apimachinery, pkg/runtime/serializer/json; sigs.k8s.io/json and sigs.k8s.io/yaml for the
words of errors.
"""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson
import yaml

from tiphys.sandbox.http.protobuf import decode_protobuf
from tiphys.sandbox.http.requests import APPLY_MEDIA, Request
from tiphys.sandbox.statuses import StatusError, bad_request
from tiphys.sandbox.typed.scalars import json_name
from tiphys.structured.types import ListType, MapType, TypeRef

_PROTOBUF = "application/vnd.kubernetes.protobuf"
_MEDIA = {"", "application/json", "application/yaml", APPLY_MEDIA}
_JSON_PATCHES = {
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
}
_WHERE = {
    "Expecting value": "looking for beginning of value",
    "Expecting property name enclosed in double quotes": (
        "looking for beginning of object key string"
    ),
    "Expecting ',' delimiter": "after object key:value pair",
    "Expecting ':' delimiter": "after object key",
    "Extra data": "after top-level value",
}
_AS_ZEROS = bytes.maketrans(b"123456789", b"000000000")
_LONG_NUMBER = b"0" * 19
_GO_TYPE = (
    'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string '
    '"json:\\"kind,omitempty\\"" }'
)


class Pairs(list[tuple[str, Any]]):
    """The members of a JSON object in order, some names twice."""


class Body(NamedTuple):
    """A decoded body.

    Attributes:
        value: what it says; of members with one name the last.
        raw: the same with every member, when a name appears twice in an object of JSON.
        repeated: what a YAML reader says of keys that appear twice.
    """

    value: Any
    raw: Any = None
    repeated: tuple[str, ...] = ()


def read_body(request: Request) -> Body:
    """Return the decoded body of a request that carries an object.

    Raises:
        StatusError: it is of an unknown media type, or cannot be decoded.
    """
    media = request.media
    if media == _PROTOBUF:
        return Body(decode_protobuf(request.body))
    if media not in _MEDIA:
        raise unknown_media("application/json", "application/yaml", _PROTOBUF)
    if "yaml" in media and not request.body.lstrip().startswith(b"{"):
        body = _from_yaml(request)
    else:
        body = _from_json(request.body, request)
    if body.value is None:
        return Body({})
    if not isinstance(body.value, dict):
        name = json_name(body.value)
        text = f"json: cannot unmarshal {name} into Go value of type {_GO_TYPE}"
        raise _unrecognized(request, f"couldn't get version/kind; json parse error: {text}")
    return body


def read_patch(request: Request) -> Body:
    """Return the decoded body of a JSON, merge or strategic patch.

    Raises:
        StatusError: it is of an unknown media type, or is no JSON.
    """
    if request.media not in _JSON_PATCHES:
        raise StatusError(415, "UnsupportedMediaType", "415: Unsupported Media Type", {})
    try:
        return _json(request.body)
    except json.JSONDecodeError as err:
        raise bad_request("invalid JSON patch") from err


def unknown_media(*accepted: str) -> StatusError:
    """The body is in a format that is not read there."""
    text = (
        "the body of the request was in an unknown format - accepted media types include: "
        f"{', '.join(accepted)}"
    )
    return StatusError(415, "UnsupportedMediaType", text)


def repeated_fields(raw: Any, path: str = "") -> Iterator[str]:
    """Yield what a strict reader says of members that appear twice."""
    if isinstance(raw, Pairs):
        seen: set[str] = set()
        told: set[str] = set()
        for name, entry in raw:
            where = f"{path}.{name}" if path else name
            if name in seen and name not in told:
                told.add(name)
                yield f'duplicate field "{where}"'
            seen.add(name)
            yield from repeated_fields(entry, where)
    elif isinstance(raw, list):
        for place, item in enumerate(raw):
            yield from repeated_fields(item, f"{path}[{place}]")


def strict_problems(value: Any, type_: TypeRef, path: str = "") -> Iterator[str]:
    """Yield what a strict reader says of an object of a built-in kind, in the object's order."""
    part = type_.part_for(dict(value) if isinstance(value, Pairs) else value)
    if isinstance(value, dict | Pairs) and isinstance(part, MapType):
        yield from _strict_members(value, part, path)
    elif isinstance(value, list) and isinstance(part, ListType):
        for place, item in enumerate(value):
            yield from strict_problems(item, part.element, f"{path}[{place}]")


def _strict_members(value: Any, part: MapType, path: str) -> Iterator[str]:
    seen: set[str] = set()
    told: set[str] = set()
    for name, entry in value.items() if isinstance(value, dict) else value:
        where = f"{path}.{name}" if path else name
        inner = part.fields.get(name) or part.element
        is_repeated = name in seen
        seen.add(name)
        if name in told:
            continue
        if inner is None:
            told.add(name)
            yield f'unknown field "{where}"'
            continue
        if is_repeated:
            told.add(name)
            yield f'duplicate field "{where}"'
        yield from strict_problems(entry, inner, where)


def _from_json(text: bytes, request: Request) -> Body:
    try:
        return _json(text)
    except json.JSONDecodeError as err:
        said = f"couldn't get version/kind; json parse error: {_go_error(text, err)}"
        raise _unrecognized(request, said) from err


def _json(text: bytes) -> Body:
    """Decode JSON; a second time, more slowly, when a name may appear twice."""
    plain = _plain_json(text)
    if plain is not None:
        return Body(plain)
    repeats = False

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal repeats
        result = dict(pairs)
        repeats = repeats or len(result) != len(pairs)
        return result

    try:
        decoded = text.decode()
    except UnicodeDecodeError as err:
        raise json.JSONDecodeError("Expecting value", "", 0) from err
    value = json.loads(decoded, object_pairs_hook=members)
    return Body(value, json.loads(decoded, object_pairs_hook=Pairs) if repeats else None)


def _plain_json(text: bytes) -> Any:
    """Return what JSON says when it is sure that no name appears twice in an object, else None.

    What is decoded and written again has as many quotes as before unless a member was lost. Escapes
    by number may stand for quotes, and numbers beyond 64 bits lose digits: those are read slowly.
    """
    if b"\\u" in text or _LONG_NUMBER in text.translate(_AS_ZEROS):
        return None
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return value if orjson.dumps(value).count(b'"') == text.count(b'"') else None


def _from_yaml(request: Request) -> Body:
    loader = _Loader(request.body)
    try:
        value = loader.get_single_data()
    except (yaml.YAMLError, ValueError, RecursionError) as err:
        what = getattr(err, "problem", None) or str(err)
        raise _unrecognized(request, f"yaml: {what}") from err
    finally:
        loader.dispose()
    return Body(value, None, tuple(loader.repeated))


class _Loader(yaml.CSafeLoader):
    """Reads what JSON can say, and notes which keys appear twice."""

    def __init__(self, text: bytes) -> None:
        super().__init__(text)
        self.repeated: list[str] = []

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 -- the signature of what it overrides
        """Return a mapping with keys as JSON has them."""
        seen: set[str] = set()
        for key_node, _ in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                continue
            key = key_node.value
            if key in seen:
                line = key_node.start_mark.line + 1
                self.repeated.append(f'line {line}: key "{key}" already set in map')
            seen.add(key)
        made = super().construct_mapping(node, deep=deep)
        return {key if isinstance(key, str) else _key(key): value for key, value in made.items()}


_Loader.yaml_implicit_resolvers = {
    sign: [(tag, pattern) for tag, pattern in found if not tag.endswith(":timestamp")]
    for sign, found in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def _key(key: Any) -> str:
    if isinstance(key, bool):
        return "true" if key else "false"
    return "null" if key is None else str(key)


def _unrecognized(request: Request, said: str) -> StatusError:
    return bad_request(
        f"the object provided is unrecognized (must be of type {request.kind.kind}): {said} "
        f"({_summary(request.body)})"
    )


def _summary(body: bytes) -> str:
    if not body:
        return "<empty>"
    is_json = body.startswith(b"{")
    shown = body[:30].decode(errors="replace") if is_json else body[:30].hex()
    return f"{shown} ..." if len(body) > 30 else shown


def _go_error(text: bytes, err: json.JSONDecodeError) -> str:
    """Return a syntax error in the words of Go."""
    rest = text.decode(errors="replace")[err.pos :].lstrip()
    if not rest or err.msg.startswith("Unterminated"):
        return "unexpected end of JSON input"
    return f"invalid character '{rest[0]}' {_WHERE.get(err.msg, 'looking for beginning of value')}"


def compact(value: Any) -> str:
    """Return a value as JSON without spaces, as errors quote it."""
    return orjson.dumps(value).decode()
