"""Rules of a schema written in CEL (`x-kubernetes-validations`).

A rule sees `self`, and `oldSelf` in an update where the old value can be found. Rules are total: an
expression ends, so it needs no budget here; the functions that Kubernetes adds to the language
are in `celfunctions`.

Source: apiextensions-apiserver, apiserver/schema/cel/validation.go; kubernetes.io, "Validation
rules". Where the server's compiler knows a rule to be wrong it refuses the definition; here the
rule fails when it is used.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from tiphys.structured.compare import ABSENT, equal
from tiphys.structured.custom import problems
from tiphys.structured.custom.celfunctions import FUNCTIONS
from tiphys.structured.custom.celvalues import cel_value
from tiphys.structured.custom.children import children
from tiphys.structured.custom.problems import OMITTED, FieldError

if TYPE_CHECKING:
    import cel

Schema = Mapping[str, Any]
Json = dict[str, Any]
_OLD_SELF = re.compile(r"\boldSelf\b")
_RULE_ERRORS = (KeyError, IndexError, TypeError, ValueError, RuntimeError, ArithmeticError)


def check_rules(manifest: Json, schema: Schema, old: Json | None) -> list[FieldError]:
    """Return the rules that an object breaks."""
    errors: list[FieldError] = []
    _walk(manifest, schema, "", ABSENT if old is None else old, errors)
    return errors


def _walk(value: Any, schema: Schema, path: str, old: Any, errors: list[FieldError]) -> None:
    if value is None:
        return
    for rule in schema.get("x-kubernetes-validations") or ():
        error = _broken(rule, (value, old), schema, path)
        if error is not None:
            errors.append(error)
    for part in schema.get("allOf") or ():
        _walk(value, part, path, old, errors)
    for child in children(value, schema, path, old):
        _walk(child.value, child.schema, child.path, child.old, errors)


def _broken(rule: Json, values: tuple[Any, Any], schema: Schema, path: str) -> FieldError | None:
    value, old = values
    expression = str(rule.get("rule", ""))
    is_transition = _OLD_SELF.search(expression) is not None
    if is_transition and old is ABSENT and not rule.get("optionalOldSelf"):
        return None
    # What an update leaves as it was is not held against it.
    if not is_transition and old is not ABSENT and equal(value, old):
        return None
    context = _context(values, schema, optional=bool(rule.get("optionalOldSelf")))
    shown = OMITTED if isinstance(value, dict | list) else value
    where = path or problems.NO_PATH
    try:
        if program(expression).execute(context) is True:
            return None
    except _RULE_ERRORS as err:
        kind = schema.get("type", "")
        return problems.invalid(where, kind, f"{_reason(err)} evaluating rule: {_name(rule)}")
    if rule.get("fieldPath"):
        where = f"{path}{rule['fieldPath']}" if path else str(rule["fieldPath"]).lstrip(".")
    return _error(rule, where, shown, _message(rule, context))


def _error(rule: Json, path: str, value: Any, message: str) -> FieldError:
    reason = rule.get("reason")
    if reason == "FieldValueForbidden":
        return problems.forbidden(path, message)
    if reason == "FieldValueRequired":
        return FieldError(path, reason, f"Required value: {message}")
    if reason == "FieldValueDuplicate":
        return problems.duplicate(path, value)
    return problems.invalid(path, value, message)


def _context(values: tuple[Any, Any], schema: Schema, *, optional: bool) -> "cel.Context":
    import cel  # noqa: PLC0415 -- see program()

    value, old = values
    variables = {"self": cel_value(value, schema)}
    if old is not ABSENT:
        variables["oldSelf"] = cel_value(old, schema)
    if optional:
        given = [] if old is ABSENT else [variables["oldSelf"]]
        variables["oldSelf"] = cel.OptionalValue.of(*given) if given else cel.OptionalValue.none()
    context = cel.Context(variables=variables)
    for name, function in FUNCTIONS.items():
        context.add_function(name, function)
    return context


def _message(rule: Json, context: "cel.Context") -> str:
    if rule.get("messageExpression"):
        try:
            text = program(str(rule["messageExpression"])).execute(context)
        except _RULE_ERRORS:
            text = None
        if isinstance(text, str) and text.strip() and "\n" not in text.strip():
            return text.strip()
    message = str(rule.get("message", "")).strip()
    return message or f"failed rule: {_name(rule)}"


def _name(rule: Json) -> str:
    return str(rule.get("message") or rule.get("rule", "")).strip()


def _reason(err: Exception) -> str:
    if isinstance(err, KeyError):
        return f"no such key: {err.args[0]}"
    return str(err).splitlines()[0]


@lru_cache(maxsize=2048)
def program(expression: str) -> "cel.Program":
    """Return a rule ready to be used.

    Raises:
        ValueError: it is no CEL.
    """
    # The library brings its command line along and takes a second to load: few schemas have rules.
    import cel  # noqa: PLC0415

    return cel.compile(expression)
