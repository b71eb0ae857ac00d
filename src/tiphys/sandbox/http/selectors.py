"""Label and field selectors.

Source: Kubernetes documentation, "Labels and Selectors", "Field Selectors"; apimachinery,
pkg/labels/selector.go and pkg/fields/selector.go for the grammar and the words of errors.
"""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import orjson

from tiphys.sandbox.names import label_value_errors, qualified_errors
from tiphys.sandbox.statuses import bad_request
from tiphys.sandbox.typed.defaulting import kind_name
from tiphys.sandbox.typed.kinds import Kind

Selector = Callable[[dict[str, Any]], bool]
_TOKEN = re.compile(r"\s*(==|!=|[=!(),<>]|[^\s=!(),<>]+)")
_SIGNS = frozenset({"=", "==", "!=", "!", "(", ")", ",", "<", ">", ""})
_OPERATORS = "in, notin, =, ==, !=, gt, lt"
_METADATA = ("metadata.name", "metadata.namespace")
_EVENT_FIELDS = (
    "involvedObject.kind", "involvedObject.namespace", "involvedObject.name",
    "involvedObject.uid", "involvedObject.apiVersion", "involvedObject.resourceVersion",
    "involvedObject.fieldPath", "reason", "reportingComponent", "source", "type",
)  # fmt: skip
_FIELDS: dict[str, tuple[str, ...]] = {
    "Pod": (
        "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName",
        "spec.hostNetwork", "status.phase", "status.podIP", "status.podIPs",
        "status.nominatedNodeName",
    ),
    "Event": _EVENT_FIELDS,
    "Event.events.k8s.io": (
        *(field.replace("involvedObject", "regarding") for field in _EVENT_FIELDS),
        "reportingController",
    ),
    "Namespace": ("status.phase",),
    "Node": ("spec.unschedulable",),
    "ReplicationController": ("status.replicas",),
    "Secret": ("type",),
    "Service": ("spec.clusterIP", "spec.type"),
    "Job.batch": ("status.successful",),
    "CertificateSigningRequest.certificates.k8s.io": ("spec.signerName",),
    "ClusterTrustBundle.certificates.k8s.io": ("spec.signerName",),
    "PodCertificateRequest.certificates.k8s.io": ("spec.signerName", "spec.podName"),
    "ResourceSlice.resource.k8s.io": ("spec.nodeName", "spec.driver"),
}  # fmt: skip
_READ_AT = {
    "reportingComponent": ("reportingComponent", "reportingController", "source.component"),
    "reportingController": ("reportingController", "reportingComponent"),
    "source": ("source.component", "reportingComponent", "deprecatedSource.component"),
    "status.successful": ("status.succeeded",),
    "status.podIPs": ("status.podIP",),
}
_ZEROS = {
    "spec.unschedulable": "false", "spec.hostNetwork": "false", "status.replicas": "0",
    "status.successful": "0",
}  # fmt: skip


def EVERYTHING(_: dict[str, Any]) -> bool:  # noqa: N802 -- a constant that can be called
    """Select every object."""
    return True


def parse_selectors(kind: Kind, labels: str, fields: str) -> Selector:
    """Return what tells whether an object of a kind is selected.

    Raises:
        StatusError: a selector is malformed, or asks for a field that is not indexed.
    """
    tests = [*_Labels(labels).parse(), *_field_tests(kind, fields)]
    return (lambda manifest: all(test(manifest) for test in tests)) if tests else EVERYTHING


class _Labels:
    """Reads a label selector; "" stands for its end."""

    def __init__(self, text: str) -> None:
        self._tokens: list[str] = [*_TOKEN.findall(text), ""]
        self._place = 0

    def parse(self) -> Iterator[Selector]:
        """Yield a test for each requirement."""
        while (word := self._peek()) != "":
            if word in _SIGNS and word != "!":
                raise bad_request(f"found '{word}', expected: !, identifier, or 'end of string'")
            yield self._requirement()
            word = self._take()
            if word == "":
                return
            if word != ",":
                raise bad_request(f"found '{word}', expected: ',' or 'end of string'")
            after = self._peek()
            if after in _SIGNS and after != "!":
                raise bad_request(f"found '{after}', expected: identifier after ','")

    def _peek(self) -> str:
        return self._tokens[self._place]

    def _take(self) -> str:
        word = self._tokens[self._place]
        self._place = min(self._place + 1, len(self._tokens) - 1)
        return word

    def _requirement(self) -> Selector:
        is_absent = self._peek() == "!"
        if is_absent:
            self._take()
        key = self._take()
        if key in _SIGNS:
            raise _unreadable(f"found '{key}', expected: identifier")
        for text in qualified_errors(key):
            raise _unreadable(f"<nil>: Invalid value: {_quoted(key)}: {text}")
        if is_absent:
            return lambda manifest: key not in _labels(manifest)
        if self._peek() in {"", ","}:
            return lambda manifest: key in _labels(manifest)
        return self._compared(key, self._take())

    def _compared(self, key: str, operator: str) -> Selector:
        if operator not in {"in", "notin", "=", "==", "!=", ">", "<"}:
            raise _unreadable(f"found '{operator}', expected: {_OPERATORS}")
        values = self._values() if operator in {"in", "notin"} else {self._exact()}
        if operator in {"<", ">"}:
            return _ordered(key, operator, next(iter(values)))
        for place, value in enumerate(sorted(values)):
            for text in label_value_errors(value):
                raise _unreadable(
                    f"values[{place}][{key}]: Invalid value: {_quoted(value)}: {text}"
                )
        if operator in {"notin", "!="}:
            return lambda manifest: _labels(manifest).get(key) not in values
        return lambda manifest: _labels(manifest).get(key) in values

    def _exact(self) -> str:
        if self._peek() in {"", ","}:
            return ""
        value = self._take()
        if value in _SIGNS:
            raise _unreadable(f"found '{value}', expected: identifier")
        return value

    def _values(self) -> set[str]:
        if (word := self._take()) != "(":
            raise _unreadable(f"found '{word}' expected: '('")
        if self._peek() == ")":
            self._take()
            return {""}
        if self._peek() in _SIGNS - {","}:
            raise _unreadable(f"found '{self._peek()}', expected: ',', ')' or identifier")
        values: set[str] = set()
        is_open = True
        while is_open:
            values.add("" if self._peek() in {",", ")"} else self._take())
            word = self._take()
            if word not in {",", ")"}:
                raise _unreadable(f"found '{word}', expected: ',' or ')'")
            is_open = word == ","
        return values


def _unreadable(text: str) -> Exception:
    return bad_request(f"unable to parse requirement: {text}")


def _quoted(value: str) -> str:
    return orjson.dumps(value).decode()


def _ordered(key: str, operator: str, value: str) -> Selector:
    bound = _integer(value)
    if bound is None:
        raise _unreadable(
            f"values[0]: Invalid value: {_quoted(value)}: for 'Gt', 'Lt' operators, the value must "
            "be an integer"
        )

    def test(manifest: dict[str, Any]) -> bool:
        found = _integer(str(_labels(manifest).get(key, "")))
        return found is not None and (found > bound if operator == ">" else found < bound)

    return test


def _integer(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[-+]?\d{1,18}", text) else None


def _labels(manifest: dict[str, Any]) -> dict[str, str]:
    return (manifest.get("metadata") or {}).get("labels") or {}


def _field_tests(kind: Kind, fields: str) -> Iterator[Selector]:
    for term in re.split(r"(?<!\\),", fields):
        if term.strip():
            yield _field_test(kind, term)


def _field_test(kind: Kind, term: str) -> Selector:
    found = re.fullmatch(r"((?:[^=!\\]|\\.)*)(!=|==|=)(.*)", term, re.DOTALL)
    if found is None:
        raise bad_request(f"invalid selector: '{term}'; can't understand '{term}'")
    path, operator, escaped = found.groups()
    value, is_negated = _unescaped(escaped), operator == "!="
    known = _selectable(kind)
    if path not in known:
        raise bad_request(_unknown_field(kind, path))
    places = known[path]
    zero = _ZEROS.get(path, "")
    return lambda manifest: (_value(manifest, places, zero) == value) != is_negated


def _unescaped(value: str) -> str:
    for sign in re.findall(r"\\(.?)", value):
        if sign not in {"\\", ",", "="} or not sign:
            raise bad_request(f"invalid field selector: invalid escape sequence: \\{sign}")
    return re.sub(r"\\(.)", r"\1", value)


@lru_cache(maxsize=256)
def _known_fields(named: str) -> dict[str, tuple[str, ...]]:
    return {field: _READ_AT.get(field, (field,)) for field in (*_METADATA, *_FIELDS.get(named, ()))}


def _selectable(kind: Kind) -> dict[str, tuple[str, ...]]:
    """Return the fields that objects of a kind can be selected by, and where each is read."""
    known = _known_fields(kind_name(kind))
    if kind.is_custom:
        custom = [path.lstrip(".") for path in kind.selectable]
        return known | {path: (path,) for path in custom}
    return known


def _unknown_field(kind: Kind, path: str) -> str:
    if kind.is_custom:
        return f"field label not supported: {path}"
    named = kind_name(kind)
    if named == "Job.batch":
        return f'field label "{path}" not supported for Job'
    if named == "ResourceSlice.resource.k8s.io":
        return f"field label not supported for resource.k8s.io/v1, Kind=ResourceSlice: {path}"
    if named in _FIELDS:
        return f"field label not supported: {path}"
    return f'"{path}" is not a known field selector: only "metadata.name", "metadata.namespace"'


def _value(manifest: dict[str, Any], places: tuple[str, ...], zero: str) -> str:
    for place in places:
        value: Any = manifest
        for step in place.split("."):
            value = value.get(step) if isinstance(value, dict) else None
        if isinstance(value, bool):
            return "true" if value else "false"
        if value not in {None, ""}:
            return str(value)
    return zero
