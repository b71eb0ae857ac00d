"""Checks a custom resource against its schema.

Source: kube-openapi, validation/validate; apiextensions-apiserver, apiserver/validation (with
ratcheting: what an update leaves as it was is not complained about) and schema/listtype.
"""

from collections.abc import Mapping
from typing import Any

from tiphys.structured.compare import ABSENT, equal
from tiphys.structured.custom.children import matching_item
from tiphys.structured.custom.embedded import check_embedded
from tiphys.structured.custom.keywords import check_number, check_string, common_problems
from tiphys.structured.custom.listtypes import check_list_keys
from tiphys.structured.custom.problems import (
    NO_PATH,
    FieldError,
    invalid,
    required,
    too_many,
    wrong_type,
)

Schema = Mapping[str, Any]
Json = dict[str, Any]

_BLOCKING = {
    "FieldValueNotSupported",
    "FieldValueRequired",
    "FieldValueTooLong",
    "FieldValueTooMany",
    "FieldValueTypeInvalid",
}
_NOT_CHECKED = (
    "some validation rules were not checked because the object was invalid; "
    "correct the existing errors to complete validation"
)


def validate(
    manifest: Json, schema: Schema, old: Json | None = None, *, status_only: bool = False
) -> list[FieldError]:
    """Return what is wrong with a custom resource, in the API server's words.

    Args:
        manifest: the object, pruned and defaulted.
        schema: its schema.
        old: the stored object for an update: what is as it was is not complained about, and rules
            on `oldSelf` are checked.
        status_only: a write of the status: of the fields only it is looked at, and called by its
            own path in what is said of them.
    """
    errors: list[FieldError] = []
    if status_only:
        errors += _status_errors(manifest, schema, old or {})
    else:
        _check(manifest, schema, "", (ABSENT if old is None else old), errors)
    errors += check_embedded(manifest, schema, "")
    if old is None or not check_list_keys(old, schema, ""):
        errors += check_list_keys(manifest, schema, "")
    if not _has_rules(schema):
        return errors
    if any(error.reason in _BLOCKING for error in errors):
        return [*errors, invalid(NO_PATH, None, _NOT_CHECKED)]
    # The interpreter of rules takes long to load, and few definitions have any.
    from tiphys.structured.custom.rules import check_rules  # noqa: PLC0415

    return errors + check_rules(manifest, schema, old)


def _status_errors(manifest: Json, schema: Schema, old: Json) -> list[FieldError]:
    part = (schema.get("properties") or {}).get("status")
    if part is None or "status" not in manifest:
        return []
    errors: list[FieldError] = []
    _check(manifest["status"], part, "", old.get("status", ABSENT), errors)
    return [
        error._replace(path="status" if error.path == NO_PATH else f"status.{error.path}")
        for error in errors
    ]


def _has_rules(schema: Any) -> bool:
    if isinstance(schema, Mapping):
        return "x-kubernetes-validations" in schema or any(map(_has_rules, schema.values()))
    return isinstance(schema, list) and any(map(_has_rules, schema))


def _check(value: Any, schema: Schema, path: str, old: Any, errors: list[FieldError]) -> None:
    if old is not ABSENT and equal(value, old):
        return
    problem = _type_problem(value, schema, path)
    if problem is not None:
        errors.append(problem)
    if value is None:
        errors += common_problems(value, schema, path)
        return
    _check_combinations(value, schema, path, errors)
    if isinstance(value, str):
        errors += check_string(value, schema, path)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        errors += check_number(value, schema, path)
    elif isinstance(value, list):
        _check_list(value, schema, path, old, errors)
    errors += common_problems(value, schema, path)
    if isinstance(value, dict):
        _check_map(value, schema, path, old, errors)


def types_of(schema: Schema) -> tuple[str, ...]:
    """Return the JSON types that a schema allows; () for all."""
    if schema.get("x-kubernetes-int-or-string"):
        return ("integer", "string")
    return (schema["type"],) if schema.get("type") else ()


def _json_type(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, dict | list):
        return "object" if isinstance(value, dict) else "array"
    if isinstance(value, str):
        return "string"
    return "integer" if isinstance(value, int) else "number"


def _type_problem(value: Any, schema: Schema, path: str) -> FieldError | None:
    allowed, actual = types_of(schema), _json_type(value)
    if not allowed or actual in allowed or (value is None and schema.get("nullable")):
        return None
    if actual == "integer" and "number" in allowed:
        return None
    if isinstance(value, float) and value.is_integer() and "integer" in allowed:
        return None
    where = path or NO_PATH
    detail = f'{path} in body must be of type {",".join(allowed)}: "{actual}"'
    return wrong_type(where, actual, detail)


def _check_combinations(value: Any, schema: Schema, path: str, errors: list[FieldError]) -> None:
    shown = f'"{path}" must'
    if options := schema.get("anyOf"):
        results = [_errors_of(value, option, path) for option in options]
        if all(results):
            errors.append(invalid(NO_PATH, "", f"{shown} validate at least one schema (anyOf)"))
            errors += results[0]
    if options := schema.get("oneOf"):
        results = [_errors_of(value, option, path) for option in options]
        valid = sum(not result for result in results)
        if valid != 1:
            found = f"Found {valid} valid alternatives" if valid else "Found none valid"
            detail = f"{shown} validate one and only one schema (oneOf). {found}"
            errors.append(invalid(NO_PATH, "", detail))
            errors += [] if valid else results[0]
    if options := schema.get("allOf"):
        results = [_errors_of(value, option, path) for option in options]
        errors += [error for result in results for error in result]
        if any(results):
            none = ". None validated" if all(results) else ""
            detail = f"{shown} validate all the schemas (allOf){none}"
            errors.append(invalid(NO_PATH, "", detail))
    if schema.get("not") is not None and not _errors_of(value, schema["not"], path):
        errors.append(invalid(NO_PATH, "", f"{shown} not validate the schema (not)"))


def _errors_of(value: Any, schema: Schema, path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    _check(value, schema, path, ABSENT, errors)
    return errors


def _check_list(
    value: list[Any], schema: Schema, path: str, old: Any, errors: list[FieldError]
) -> None:
    items = schema.get("items")
    if isinstance(items, Mapping):
        for place, item in enumerate(value):
            before = matching_item(item, schema, old)
            _check(item, items, f"{path}[{place}]", before, errors)
    minimum, maximum = schema.get("minItems"), schema.get("maxItems")
    if minimum is not None and len(value) < minimum:
        detail = f"{path} in body should have at least {minimum} items"
        errors.append(invalid(path, len(value), detail))
    if maximum is not None and len(value) > maximum:
        errors.append(too_many(path, len(value), maximum))


def _check_map(value: Json, schema: Schema, path: str, old: Any, errors: list[FieldError]) -> None:
    minimum, maximum = schema.get("minProperties"), schema.get("maxProperties")
    if minimum is not None and len(value) < minimum:
        detail = f"{path} in body should have at least {minimum} properties"
        errors.append(invalid(path, len(value), detail))
    if maximum is not None and len(value) > maximum:
        errors.append(too_many(path, len(value), maximum))
    properties, extra = schema.get("properties") or {}, schema.get("additionalProperties")
    before = old if isinstance(old, dict) else {}
    for name, entry in value.items():
        field = properties.get(name, extra)
        if isinstance(field, Mapping):
            below = f"{path}.{name}" if path else name
            _check(entry, field, below, before.get(name, ABSENT), errors)
    missing = [name for name in schema.get("required") or () if name not in value]
    errors += [required(f"{path}.{name}" if path else name) for name in missing]
