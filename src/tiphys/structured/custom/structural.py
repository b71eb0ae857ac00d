"""Whether the API server takes the schema of a definition: structural, with sound rules.

Source: apiextensions-apiserver, pkg/apiserver/schema/validation.go (structural schemas),
pkg/apis/apiextensions/validation/validation.go. The server also estimates what rules cost and
checks their types through and through; here only fields of `self` and the kind of the result are
looked at.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tiphys.structured.custom.patterns import compile_pattern
from tiphys.structured.custom.problems import (
    NO_PATH,
    FieldError,
    forbidden,
    invalid,
    not_supported,
)
from tiphys.structured.custom.rules import program
from tiphys.structured.custom.validation import validate

Schema = Mapping[str, Any]
_TYPES = ["array", "boolean", "integer", "number", "object", "string"]
_LIST_TYPES = ["atomic", "map", "set"]
_JUNCTORS = ("allOf", "anyOf", "oneOf")
_FORBIDDEN_BELOW_JUNCTORS = (
    "type", "default", "title", "description", "nullable", "additionalProperties",
    "x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource",
    "x-kubernetes-list-type", "x-kubernetes-list-map-keys", "x-kubernetes-map-type",
)  # fmt: skip
_CHAIN = re.compile(r"(?<![\w.])self((?:\.[A-Za-z_]\w*(?!\w*\s*\())+)")
_SHOWN_RULE = ("Rule", "Message", "MessageExpression", "Reason", "FieldPath", "OptionalOldSelf")


def schema_problems(schema: Schema, path: str) -> list[FieldError]:
    """Return what is wrong with the schema of one version, found at `path`."""
    kind = schema.get("type", "")
    if not kind:
        return [_required(f"{path}.type", "must not be empty at the root")]
    if kind != "object":
        return [invalid(f"{path}.type", kind, "must be object at the root")]
    return list(_problems(schema, path))


def _required(path: str, detail: str) -> FieldError:
    return FieldError(path, "FieldValueRequired", f"Required value: {detail}")


def _problems(schema: Schema, path: str) -> Iterator[FieldError]:
    kind = schema.get("type", "")
    if kind and kind not in _TYPES:
        yield not_supported(f"{path}.type", kind, list(_TYPES))
        return
    yield from _list_problems(schema, path)
    extra, properties = schema.get("additionalProperties"), schema.get("properties") or {}
    if properties and extra not in (None, False):
        detail = "additionalProperties and properties are mutual exclusive"
        yield forbidden(f"{path}.additionalProperties", detail)
    yield from _keyword_problems(schema, path)
    yield from _rule_problems(schema, path)
    for name, field in properties.items():
        yield from _typed(field, f"{path}.properties[{name}]", "object fields")
    if isinstance(extra, Mapping):
        yield from _typed(extra, f"{path}.additionalProperties", "object fields")
    if isinstance(schema.get("items"), Mapping):
        yield from _typed(schema["items"], f"{path}.items", "array items")


def _typed(schema: Schema, path: str, where: str) -> Iterator[FieldError]:
    free = ("x-kubernetes-int-or-string", "x-kubernetes-preserve-unknown-fields")
    if not schema.get("type") and not any(schema.get(name) for name in free):
        yield _required(f"{path}.type", f"must not be empty for specified {where}")
    yield from _problems(schema, path)


def _list_problems(schema: Schema, path: str) -> Iterator[FieldError]:
    if schema.get("type") == "array" and not schema.get("items"):
        yield _required(f"{path}.items", "must be specified")
    kind, where = schema.get("x-kubernetes-list-type"), f"{path}.x-kubernetes-list-map-keys"
    if kind is not None and kind not in _LIST_TYPES:
        yield not_supported(f"{path}.x-kubernetes-list-type", kind, list(_LIST_TYPES))
    if kind != "map":
        return
    keys = schema.get("x-kubernetes-list-map-keys") or []
    known = (schema.get("items") or {}).get("properties") or {}
    if not keys:
        yield _required(where, "must not be empty if x-kubernetes-list-type is map")
    elif any(key not in known for key in keys):
        yield invalid(where, keys, "entries must all be names of item properties")


def _keyword_problems(schema: Schema, path: str) -> Iterator[FieldError]:
    pattern = schema.get("pattern")
    if pattern and compile_pattern(pattern) is None:
        detail = "must be a valid regular expression, but isn't"
        yield invalid(f"{path}.pattern", pattern, detail)
    if schema.get("default") is not None:
        for error in validate({"v": schema["default"]}, {"properties": {"v": schema}}):
            if error.path != NO_PATH:
                yield _of_default(error, f"{path}.default")
    for name in _JUNCTORS:
        for place, option in enumerate(schema.get(name) or ()):
            yield from _junctor_problems(option, f"{path}.{name}[{place}]")
    if isinstance(schema.get("not"), Mapping):
        yield from _junctor_problems(schema["not"], f"{path}.not")


def _of_default(error: FieldError, where: str) -> FieldError:
    """Return an error of a value named `v` as one of a default."""
    below = error.path.removeprefix("v")
    message = error.message.replace(f"{error.path} in body", f"{below} in body")
    return FieldError(where + below, error.reason.replace("TypeInvalid", "Invalid"), message)


def _junctor_problems(schema: Schema, path: str) -> Iterator[FieldError]:
    allows_int = schema.get("type") in {"integer", "string"} and path.endswith(("[0]", "[1]"))
    for name in _FORBIDDEN_BELOW_JUNCTORS:
        if name in schema and not (name == "type" and allows_int):
            yield forbidden(f"{path}.{name}", "must be empty to be structural")


def _rule_problems(schema: Schema, path: str) -> Iterator[FieldError]:
    for place, rule in enumerate(schema.get("x-kubernetes-validations") or ()):
        where = f"{path}.x-kubernetes-validations[{place}].rule"
        text = str(rule.get("rule") or "").strip()
        if not text:
            yield _required(where, "rule is not specified")
        elif problem := _rule_problem(text, schema):
            yield invalid(where, _shown(rule), problem)


def _rule_problem(text: str, schema: Schema) -> str:
    try:
        program(text)
    except ValueError as err:
        return f"compilation failed: ERROR: <input>:1:1: {str(err).splitlines()[0]}"
    for match in _CHAIN.finditer(text):
        found = _follow(match.group(1).split(".")[1:], schema)
        if isinstance(found, str):
            return f"compilation failed: ERROR: <input>:1:1: undefined field '{found}'"
        is_all = match.group() == text
        if is_all and found is not None and found.get("type") not in {"boolean", None}:
            return "cel expression must evaluate to a bool"
    return ""


def _follow(steps: list[str], schema: Schema) -> Schema | str | None:
    """Return the schema of a field of self, the name that is not declared, or None: not known."""
    found = schema
    for step in steps:
        properties = found.get("properties")
        if not properties or step.startswith("__"):
            return None
        if step not in properties:
            is_meta = step in {"apiVersion", "kind", "metadata"}
            return None if is_meta or _is_open(found) else step
        found = properties[step]
    return found


def _is_open(schema: Schema) -> bool:
    return schema.get("additionalProperties") not in (None, False)


def _shown(rule: Mapping[str, Any]) -> dict[str, Any]:
    """Return a rule as the server's messages show it."""
    return {name: rule.get(name[0].lower() + name[1:], "") for name in _SHOWN_RULE}
