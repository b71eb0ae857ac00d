"""The options of a request, checked before anything is done.

Source: apimachinery, pkg/apis/meta/v1/validation and pkg/apis/meta/internalversion/validation.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from tiphys.sandbox.http.requests import APPLY_MEDIA, Request, is_set
from tiphys.sandbox.statuses import StatusError, bad_request, invalid

Problem = tuple[str, str, str]
_LIST_NUMBERS = ("limit", "timeoutSeconds")
_POLICIES = ("Foreground", "Background", "Orphan")
_VALIDATIONS = ("", "Ignore", "Strict", "Warn")
_MATCH = "resourceVersionMatch"
_KINDS = {"POST": "CreateOptions", "PUT": "UpdateOptions", "PATCH": "PatchOptions"}


def check_options(request: Request) -> None:
    """Refuse a request whose query says what it may not.

    Raises:
        StatusError: the first kind of problem found, all of its causes.
    """
    query = request.query
    if request.method in _KINDS:
        _refuse(_KINDS[request.method], list(_write_problems(request)))
    elif request.method == "GET" and not request.name:
        _check_numbers(query, _LIST_NUMBERS)
        _refuse("ListOptions", list(_list_problems(query, is_watch=request.is_watch)))
    elif request.method == "DELETE":
        _check_numbers(query, ("gracePeriodSeconds", *_LIST_NUMBERS))


def deletion_options(request: Request) -> dict[str, Any]:
    """Return the options of a deletion, from its body and, without one, from its query.

    Raises:
        StatusError: they cannot be read, or contradict each other.
    """
    options = _options_of_body(request.body) if request.body else _options_of_query(request.query)
    _refuse("DeleteOptions", list(_deletion_problems(options)))
    return options


def asked_version(request: Request) -> int:
    """Return the resourceVersion that a read asks for, 0 for none.

    Raises:
        StatusError: it is no number.
    """
    text = request.query.get("resourceVersion", "")
    if not text:
        return 0
    if not re.fullmatch(r"\d{1,19}", text):
        what = (
            f"resourceVersion: Invalid value: {orjson.dumps(text).decode()}: "
            f'strconv.ParseUint: parsing "{text}": invalid syntax'
        )
        if request.name or request.is_watch:
            raise StatusError(500, "", what)
        raise bad_request(f"invalid resource version: {what}")
    return int(text)


def too_new(version: int, current: int) -> StatusError:
    """There is no such version yet."""
    cause = {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
    return StatusError(
        504,
        "Timeout",
        f"Timeout: Too large resource version: {version}, current: {current}",
        {"causes": [cause], "retryAfterSeconds": 1},
    )


def _refuse(kind: str, problems: list[Problem]) -> None:
    if problems:
        raise invalid(kind, "meta.k8s.io", "", problems)


def _check_numbers(query: Mapping[str, str], names: tuple[str, ...]) -> None:
    for name in names:
        text = query.get(name, "")
        if text and not re.fullmatch(r"[-+]?\d{1,18}", text):
            raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax')


def _write_problems(request: Request) -> Iterator[Problem]:
    query = request.query
    is_apply = request.method == "PATCH" and request.media == APPLY_MEDIA
    manager = query.get("fieldManager", "")
    if is_apply and not manager:
        text = "Required value: is required for apply patch"
        yield "fieldManager", "FieldValueRequired", text
    if request.method == "PATCH" and not is_apply and "force" in query:
        text = "Forbidden: may not be specified for non-apply patch"
        yield "force", "FieldValueForbidden", text
    yield from _manager_problems(manager)
    yield from _dry_run_problems([query["dryRun"]] if query.get("dryRun") else [])
    validation = query.get("fieldValidation", "")
    if validation not in _VALIDATIONS:
        yield _unsupported("fieldValidation", validation, _VALIDATIONS)


def _manager_problems(manager: str) -> Iterator[Problem]:
    if len(manager.encode()) > 128:
        yield "fieldManager", "FieldValueTooLong", "Too long: may not be more than 128 bytes"
    for place, sign in enumerate(manager):
        if not sign.isprintable():
            shown = orjson.dumps(manager).decode()
            text = f"invalid character U+{ord(sign):04X} (at position {place})"
            yield "fieldManager", "FieldValueInvalid", f"Invalid value: {shown}: {text}"
            return


def _dry_run_problems(dry_run: list[Any]) -> Iterator[Problem]:
    if any(value != "All" for value in dry_run):
        shown = orjson.dumps(dry_run).decode()
        text = f'Unsupported value: {shown}: supported values: "All"'
        yield "dryRun", "FieldValueNotSupported", text


def _list_problems(query: Mapping[str, str], *, is_watch: bool) -> Iterator[Problem]:
    if "sendInitialEvents" in query and is_watch:
        yield from _initial_problems(query)
        return
    if "sendInitialEvents" in query:
        text = "Forbidden: sendInitialEvents is forbidden for list"
        yield "sendInitialEvents", "FieldValueForbidden", text
    match = query.get(_MATCH, "")
    if is_watch and query.get("continue"):
        yield _forbidden(f"{_MATCH} is forbidden when continue is provided")
    elif is_watch and match:
        yield _forbidden(f"{_MATCH} is forbidden for watch unless sendInitialEvents is provided")
    elif match:
        yield from _match_problems(query, match)


def _match_problems(query: Mapping[str, str], match: str) -> Iterator[Problem]:
    version = query.get("resourceVersion", "")
    if not version:
        yield _forbidden(f"{_MATCH} is forbidden unless resourceVersion is provided")
    if query.get("continue"):
        yield _forbidden(f"{_MATCH} is forbidden when continue is provided")
    if match not in {"Exact", "NotOlderThan"}:
        yield _unsupported(_MATCH, match, ("Exact", "NotOlderThan", ""))
    if match == "Exact" and version == "0":
        yield _forbidden(f'{_MATCH} "exact" is forbidden for resourceVersion "0"')


def _initial_problems(query: Mapping[str, str]) -> Iterator[Problem]:
    match = query.get(_MATCH, "")
    if match != "NotOlderThan":
        yield _forbidden(f"sendInitialEvents requires setting {_MATCH} to NotOlderThan")
    if match and match != "NotOlderThan":
        yield _unsupported(_MATCH, match, ("NotOlderThan",))


def _forbidden(text: str) -> Problem:
    return _MATCH, "FieldValueForbidden", f"Forbidden: {text}"


def _unsupported(field: str, value: str, supported: tuple[str, ...]) -> Problem:
    shown = ", ".join(f'"{name}"' for name in supported)
    quoted = orjson.dumps(value).decode()
    text = f"Unsupported value: {quoted}: supported values: {shown}"
    return field, "FieldValueNotSupported", text


def _options_of_body(body: bytes) -> dict[str, Any]:
    try:
        options = orjson.loads(body)
    except orjson.JSONDecodeError as err:
        raise bad_request(
            "couldn't get version/kind; json parse error: unexpected end of JSON input"
        ) from err
    if not isinstance(options, dict):
        raise bad_request("the options of a deletion are no object")
    kind, version = options.get("kind") or "DeleteOptions", options.get("apiVersion") or "v1"
    if kind != "DeleteOptions":
        raise bad_request(
            f'no kind "{kind}" is registered for version "{version}" in scheme '
            '"pkg/runtime/scheme.go:111"'
        )
    return options


def _options_of_query(query: Mapping[str, str]) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if query.get("propagationPolicy"):
        options["propagationPolicy"] = query["propagationPolicy"]
    if query.get("dryRun"):
        options["dryRun"] = [query["dryRun"]]
    if query.get("gracePeriodSeconds"):
        options["gracePeriodSeconds"] = int(query["gracePeriodSeconds"])
    if query.get("orphanDependents"):
        options["orphanDependents"] = is_set(query["orphanDependents"])
    return options


def _deletion_problems(options: dict[str, Any]) -> Iterator[Problem]:
    policy = options.get("propagationPolicy")
    if policy and "orphanDependents" in options:
        text = (
            f'Invalid value: "{policy}": orphanDependents and deletionPropagation cannot be both '
            "set"
        )
        yield "propagationPolicy", "FieldValueInvalid", text
    elif policy and policy not in _POLICIES:
        yield _unsupported("propagationPolicy", policy, (*_POLICIES, "nil"))
    yield from _dry_run_problems(options.get("dryRun") or [])
