"""Keywords of a schema on scalars: lengths, patterns, formats, ranges, enumerations.

Source: kube-openapi, validation/validate/validator.go and values.go.
"""

import math
from collections.abc import Mapping
from typing import Any

from tiphys.structured.compare import equal
from tiphys.structured.custom.formats import fits_format
from tiphys.structured.custom.patterns import compile_pattern
from tiphys.structured.custom.problems import (
    NO_PATH,
    FieldError,
    invalid,
    not_supported,
    too_long,
    wrong_type,
)

Schema = Mapping[str, Any]
_RANGES = {"int32": (-(2**31), 2**31 - 1), "int64": (-(2**63), 2**63 - 1)}


def check_string(text: str, schema: Schema, path: str) -> list[FieldError]:
    """Return what is wrong with a string: the first broken rule, and a wrong format."""
    errors = _string_problem(text, schema, path)
    format_ = schema.get("format")
    if format_ and schema.get("type") in {"string", None} and not fits_format(text, format_):
        detail = f'{path} in body must be of type {format_}: "{text}"'
        errors.append(wrong_type(path, text, detail))
    return errors


def _string_problem(text: str, schema: Schema, path: str) -> list[FieldError]:
    minimum, maximum = schema.get("minLength"), schema.get("maxLength")
    if maximum is not None and len(text) > maximum:
        return [too_long(path, maximum)]
    if minimum is not None and len(text) < minimum:
        detail = f"{path} in body should be at least {minimum} chars long"
        return [invalid(path, text, detail)]
    pattern = schema.get("pattern")
    if pattern:
        compiled = compile_pattern(pattern)
        if compiled is None or compiled.search(text) is None:
            return [invalid(path, text, f"{path} in body should match '{pattern}'")]
    return []


def check_number(value: float, schema: Schema, path: str) -> list[FieldError]:
    """Return what is wrong with a number."""
    return [
        *_range_problem(value, schema, path),
        *_factor_problem(value, schema, path),
        *_bound_problem(value, schema, path, upper=False),
        *_bound_problem(value, schema, path, upper=True),
    ]


def _range_problem(value: float, schema: Schema, path: str) -> list[FieldError]:
    format_ = schema.get("format")
    low, high = _RANGES.get(format_ or "", (-math.inf, math.inf))
    fits = low <= value <= high and float(value).is_integer()
    if schema.get("type") != "integer" or fits:
        return []
    kind = f"with format {format_}" if format_ in _RANGES else "(default format)"
    return [invalid(NO_PATH, "", f"Checked value must be of type integer {kind} in {path}")]


def _factor_problem(value: float, schema: Schema, path: str) -> list[FieldError]:
    factor = schema.get("multipleOf")
    if factor is None or _is_whole(value * (1 / factor) if factor < 1 else value / factor):
        return []
    return [invalid(path, value, f"{path} in body should be a multiple of {_number(factor)}")]


def _is_whole(value: float) -> bool:
    return math.isclose(value, round(value), rel_tol=1e-9, abs_tol=1e-9)


def _bound_problem(value: float, schema: Schema, path: str, *, upper: bool) -> list[FieldError]:
    bound = schema.get("maximum" if upper else "minimum")
    if bound is None:
        return []
    exclusive = bool(schema.get("exclusiveMaximum" if upper else "exclusiveMinimum"))
    beyond = value > bound if upper else value < bound
    if not beyond and not (exclusive and value == bound):
        return []
    words = "less than" if upper else "greater than"
    or_equal = "" if exclusive else " or equal to"
    return [invalid(path, value, f"{path} in body should be {words}{or_equal} {_number(bound)}")]


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else str(value)


def common_problems(value: Any, schema: Schema, path: str) -> list[FieldError]:
    """Return that a value is none of an enumeration; null never is one of it."""
    allowed = schema.get("enum")
    if not allowed:
        return []
    if value is not None and any(equal(value, entry) for entry in allowed):
        return []
    return [not_supported(path, value, list(allowed))]
