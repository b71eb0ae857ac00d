"""What names, labels, annotations, finalizers and owners of objects must look like.

Source: Kubernetes documentation, "Object Names and IDs", "Labels and Selectors", "Finalizers",
"Owners and Dependents"; the words are those that API servers answer with.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import orjson

from tiphys.sandbox.problems import Problem
from tiphys.sandbox.typed.defaulting import kind_name
from tiphys.sandbox.typed.kinds import Kind

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_QUALIFIED = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_VALUE = f"({_QUALIFIED})?"
_IS_LABEL, _IS_SUBDOMAIN = re.compile(_LABEL), re.compile(_SUBDOMAIN)
_IS_QUALIFIED, _IS_VALUE = re.compile(_QUALIFIED), re.compile(_VALUE)
_SUBDOMAIN_TEXT = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used "
    f"for validation is '{_SUBDOMAIN}')"
)
_LABEL_TEXT = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and "
    "must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used "
    f"for validation is '{_LABEL}')"
)
_QUALIFIED_TEXT = (
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
    "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for "
    f"validation is '{_QUALIFIED}')"
)
_PREFIXED_TEXT = (
    f"a valid label key {_QUALIFIED_TEXT} with an optional DNS subdomain prefix and '/' "
    "(e.g. 'example.com/MyName')"
)
_VALUE_TEXT = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  "
    f"or '12345', regex used for validation is '{_VALUE}')"
)
_LABEL_NAMES = {"Namespace", "Service", "StatefulSet.apps"}
_FREE_NAMES = {"Event", "PodDisruptionBudget.policy"}
_FREE_GROUP = "rbac.authorization.k8s.io"
_SHORT_NAMES = {"CronJob.batch": 52}
_MAX_ANNOTATIONS = 256 * 1024
_STANDARD_FINALIZERS = {"kubernetes", "orphan", "foregroundDeletion"}


def metadata_problems(manifest: dict[str, Any], kind: Kind) -> Iterator[Problem]:
    """Yield what is wrong with an object's metadata."""
    metadata = manifest["metadata"]
    prefix, name = metadata.get("generateName") or "", metadata.get("name") or ""
    if prefix:
        # A name may follow a dash, so the prefix may end in one.
        masked = f"{prefix[:-1]}a" if prefix.endswith("-") else prefix
        for text in name_errors(kind, masked):
            yield _invalid("metadata.generateName", prefix, text)
    for text in name_errors(kind, name):
        yield _invalid("metadata.name", name, text)
    for key, value in (metadata.get("labels") or {}).items():
        for text in qualified_errors(key):
            yield _invalid("metadata.labels", key, text)
        for text in label_value_errors(str(value)):
            yield _invalid("metadata.labels", value, text)
    yield from _annotation_problems(metadata.get("annotations") or {})
    yield from _owner_problems(metadata.get("ownerReferences") or [])
    yield from _finalizer_problems(metadata.get("finalizers") or [], kind)


def metadata_warnings(old: dict[str, Any] | None, new: dict[str, Any], kind: Kind) -> Iterator[str]:
    """Yield what the server advises against: finalizers of custom kinds that anybody may use."""
    known = ((old or {}).get("metadata") or {}).get("finalizers") or []
    for name in (new["metadata"].get("finalizers") or []) if kind.is_custom else ():
        if _is_ambiguous(name) and name not in known:
            yield (
                f'metadata.finalizers: "{name}": prefer a domain-qualified finalizer name '
                "including a path (/) to avoid accidental conflicts with other finalizer writers"
            )


def name_errors(kind: Kind, name: str) -> Iterator[str]:
    """Yield what is wrong with the name of an object of a kind."""
    named = kind_name(kind)
    if kind.group == _FREE_GROUP or named in _FREE_NAMES:
        yield from path_segment_errors(name)
        return
    if named in _LABEL_NAMES:
        yield from _short_errors(name)
        return
    if len(name) > 253:
        yield f"must be no more than 253 {'bytes' if kind.is_custom else 'characters'}"
    else:
        yield from subdomain_errors(name)
    most = _SHORT_NAMES.get(named)
    if most and len(name) > most:
        yield f"must be no more than {most} characters"


def subdomain_errors(name: str) -> Iterator[str]:
    """Yield why something is no subdomain."""
    if not _IS_SUBDOMAIN.fullmatch(name):
        yield _SUBDOMAIN_TEXT


@lru_cache(maxsize=4096)
def qualified_errors(key: str) -> tuple[str, ...]:
    """Return what is wrong with the key of a label."""
    return tuple(_qualified_errors(key))


def _qualified_errors(key: str) -> Iterator[str]:
    prefix, separator, name = key.rpartition("/")
    if "/" in prefix:
        yield _PREFIXED_TEXT
        return
    if separator and not prefix:
        yield "prefix part must be non-empty"
    elif separator and not _IS_SUBDOMAIN.fullmatch(prefix):
        yield f"prefix part {_SUBDOMAIN_TEXT}"
    if not name:
        yield "name part must be non-empty"
    elif len(name) > 63:
        yield "name part must be no more than 63 bytes"
    if not _IS_QUALIFIED.fullmatch(name):
        yield f"name part {_QUALIFIED_TEXT}"


@lru_cache(maxsize=4096)
def label_value_errors(value: str) -> tuple[str, ...]:
    """Return what is wrong with the value of a label."""
    length = () if len(value) <= 63 else ("must be no more than 63 bytes",)
    return length if _IS_VALUE.fullmatch(value) else (*length, _VALUE_TEXT)


def path_segment_errors(name: str) -> Iterator[str]:
    """Yield why something cannot be a part of a path."""
    if name in {".", ".."}:
        yield f"may not be '{name}'"
        return
    for sign in "/%":
        if sign in name:
            yield f"may not contain '{sign}'"


def _short_errors(name: str) -> Iterator[str]:
    if len(name) > 63:
        yield "must be no more than 63 characters"
    if not _IS_LABEL.fullmatch(name):
        yield "must not contain dots" if _IS_SUBDOMAIN.fullmatch(name) else _LABEL_TEXT


def _annotation_problems(annotations: dict[str, Any]) -> Iterator[Problem]:
    for key in annotations:
        for text in qualified_errors(key.lower()):
            yield _invalid("metadata.annotations", key, text)
    if sum(len(key) + len(str(value)) for key, value in annotations.items()) > _MAX_ANNOTATIONS:
        text = f"Too long: may not be more than {_MAX_ANNOTATIONS} bytes"
        yield "metadata.annotations", "FieldValueTooLong", text


def _owner_problems(owners: list[dict[str, Any]]) -> Iterator[Problem]:
    for place, owner in enumerate(owners):
        for field in ("apiVersion", "kind", "name", "uid"):
            if not owner.get(field):
                text = "version must not be empty" if field == "apiVersion" else "must not be empty"
                where = f"metadata.ownerReferences[{place}].{field}"
                if field == "apiVersion":
                    yield _invalid(where, "", text)
                else:
                    yield where, "FieldValueRequired", f"Required value: {text}"
    controlling = [f"{o.get('kind')}/{o.get('name')}" for o in owners if o.get("controller")]
    if len(controlling) > 1:
        text = (
            'Only one reference can have Controller set to true. Found "true" in references for '
            f"{controlling[0]} and {controlling[1]}"
        )
        shown = orjson.dumps(owners).decode()
        yield (
            "metadata.ownerReferences",
            "FieldValueInvalid",
            f"Invalid value: {shown}: {text}",
        )


def _is_ambiguous(finalizer: str) -> bool:
    return "/" not in finalizer and finalizer not in _STANDARD_FINALIZERS


def _finalizer_problems(finalizers: list[str], kind: Kind) -> Iterator[Problem]:
    for place, name in enumerate(finalizers):
        for text in qualified_errors(name):
            yield _invalid("metadata.finalizers", name, text)
        if _is_ambiguous(name) and not kind.is_custom:
            text = "name is neither a standard finalizer name nor is it fully qualified"
            yield _invalid(f"metadata.finalizers[{place}]", name, text)


def _invalid(field: str, value: str, text: str) -> Problem:
    quoted = orjson.dumps(value).decode()
    return field, "FieldValueInvalid", f"Invalid value: {quoted}: {text}"
