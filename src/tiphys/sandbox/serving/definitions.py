"""CustomResourceDefinitions: what is refused of them, and what the server makes of the others.

Source: apiextensions-apiserver, pkg/apis/apiextensions/validation/validation.go and
pkg/controller/{status,finalizer}.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from tiphys.structured.custom.structural import schema_problems

Problem = tuple[str, str, str]
Json = dict[str, Any]
CLEANUP = "customresourcecleanup.apiextensions.k8s.io"
_LABEL = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_LABEL_TEXT = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an "
    "alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', "
    "regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"
)
_COLUMN_TYPES = ("boolean", "date", "integer", "number", "string")
_TERMINATING = {
    "type": "Terminating",
    "status": "True",
    "reason": "InstanceDeletionInProgress",
    "message": "CustomResource deletion is in progress",
}


def complete(new: Json, others: Iterable[Json], now: str) -> None:
    """Give a definition its defaults and its status, in place.

    Args:
        new: the definition; its status is the one before.
        others: the other definitions of its group.
        now: RFC 3339; "" leaves times as they were.
    """
    spec = new.get("spec") or {}
    names = spec.get("names") or {}
    if names.get("kind"):
        names.setdefault("singular", names["kind"].lower())
        names.setdefault("listKind", f"{names['kind']}List")
    spec.setdefault("conversion", {"strategy": "None"})
    status = new.get("status") or {}
    taken = [(other.get("status") or {}).get("acceptedNames") or {} for other in others]
    reason, message = _name_conflict(names, taken)
    conditions = [
        _condition("NamesAccepted", not reason, reason or "NoConflicts", message),
        _established(is_accepted=not reason),
    ]
    if new["metadata"].get("deletionTimestamp"):
        conditions.append(dict(_TERMINATING))
    before = {condition["type"]: condition for condition in status.get("conditions") or ()}
    for condition in conditions:
        old = before.get(condition["type"]) or {}
        is_same = old.get("status") == condition["status"]
        since = old.get("lastTransitionTime", "")
        condition["lastTransitionTime"] = since if is_same or not now else now
    stored = list(status.get("storedVersions") or ())
    stored += [v["name"] for v in spec.get("versions") or () if v.get("storage")]
    new["status"] = {
        "acceptedNames": status.get("acceptedNames") or {} if reason else names,
        "conditions": conditions,
        "storedVersions": list(dict.fromkeys(stored)),
    }


def is_established(definition: Json) -> bool:
    """Tell whether the kind is served."""
    conditions = (definition.get("status") or {}).get("conditions") or ()
    return not any(c["type"] == "Established" and c["status"] != "True" for c in conditions)


def _condition(kind: str, is_true: bool, reason: str, message: str) -> Json:  # noqa: FBT001
    status = "True" if is_true else "False"
    return {"type": kind, "status": status, "reason": reason, "message": message}


def _established(*, is_accepted: bool) -> Json:
    if is_accepted:
        text = "the initial names have been accepted"
        return _condition("Established", is_true=True, reason="InitialNamesAccepted", message=text)
    text = "not all names are accepted"
    return _condition("Established", is_true=False, reason="NotAccepted", message=text)


def _name_conflict(names: Json, taken: list[Json]) -> tuple[str, str]:
    """Return the reason and message of a conflict, ("", ...) when there is none."""
    resources = {
        name
        for other in taken
        for name in (other.get("plural"), other.get("singular"), *(other.get("shortNames") or ()))
    }
    kinds = {name for other in taken for name in (other.get("kind"), other.get("listKind"))}
    reason, message = "", "no conflicts found"
    for field, used in (
        ("plural", resources), ("singular", resources), ("kind", kinds), ("listKind", kinds),
    ):  # fmt: skip
        if names.get(field) in used and names.get(field):
            reason = f"{field[0].upper()}{field[1:]}Conflict"
            message = f'"{names[field]}" is already in use'
    for name in names.get("shortNames") or ():
        if name in resources:
            reason, message = "ShortNamesConflict", f'"{name}" is already in use'
    return reason, message


def definition_problems(old: Json | None, new: Json) -> Iterator[Problem]:
    """Yield what is wrong with a definition."""
    spec = new.get("spec") or {}
    yield from _name_problems(new, spec)
    if spec.get("preserveUnknownFields"):
        text = (
            "Invalid value: true: cannot set to true, set x-kubernetes-preserve-unknown-fields to "
            "true in spec.versions[*].schema instead"
        )
        yield "spec.preserveUnknownFields", "FieldValueInvalid", text
    conversion = spec.get("conversion") or {}
    if conversion.get("strategy") == "Webhook" and not conversion.get("webhook"):
        text = "Required value: required when strategy is set to Webhook"
        yield "spec.conversion.webhookClientConfig", "FieldValueRequired", text
    yield from _version_problems(spec.get("versions") or [])
    if old is not None:
        yield from _changed_problems(old, new)


def _name_problems(new: Json, spec: Json) -> Iterator[Problem]:
    names, group = spec.get("names") or {}, spec.get("group") or ""
    name = new["metadata"].get("name", "")
    if name != f"{names.get('plural', '')}.{group}":
        text = f'Invalid value: "{name}": must be spec.names.plural+"."+spec.group'
        yield "metadata.name", "FieldValueInvalid", text
    scope = spec.get("scope") or ""
    required = {"group": group, "scope": scope}
    required |= {f"names.{field}": names.get(field) for field in ("plural", "kind")}
    for field, value in required.items():
        if not value:
            yield f"spec.{field}", "FieldValueRequired", "Required value"
    if scope not in {"", "Cluster", "Namespaced"}:
        text = f'Unsupported value: "{scope}": supported values: "Cluster", "Namespaced"'
        yield "spec.scope", "FieldValueNotSupported", text
    for field in ("plural", "singular", "kind", "listKind"):
        value = names.get(field) or ""
        shown = value.lower() if field in {"kind", "listKind"} else value
        if value and not _LABEL.fullmatch(shown):
            text = f'Invalid value: "{value}": {_LABEL_TEXT}'
            yield f"spec.names.{field}", "FieldValueInvalid", text


def _version_problems(versions: list[Json]) -> Iterator[Problem]:
    if sum(bool(version.get("storage")) for version in versions) != 1:
        text = "Invalid value: must have exactly one version marked as storage version"
        yield "spec.versions", "FieldValueInvalid", text
    for place, version in enumerate(versions):
        where = f"spec.versions[{place}]"
        if not _LABEL.fullmatch(version.get("name") or ""):
            text = f'Invalid value: "{version.get("name") or ""}": {_LABEL_TEXT}'
            yield f"{where}.name", "FieldValueInvalid", text
        schema = (version.get("schema") or {}).get("openAPIV3Schema")
        if schema is None:
            yield f"{where}.schema.openAPIV3Schema", "FieldValueRequired", "Required value"
    # The server keeps what all versions agree on in one place, and names that.
    for part, shared, check in (
        ("schema", "spec.validation", _schema_problems),
        ("subresources", "spec.subresources", _scale_problems),
        ("additionalPrinterColumns", "spec.additionalPrinterColumns", _column_problems),
    ):
        values = [version.get(part) for version in versions]
        if values and all(value == values[0] for value in values):
            yield from check(values[0], shared)
            continue
        for place, value in enumerate(values):
            yield from check(value, f"spec.versions[{place}].{part}")


def _schema_problems(value: Any, where: str) -> Iterator[Problem]:
    schema = (value or {}).get("openAPIV3Schema")
    if schema is not None:
        yield from schema_problems(schema, f"{where}.openAPIV3Schema")


def _scale_problems(value: Any, where: str) -> Iterator[Problem]:
    scale = (value or {}).get("scale")
    for field in ("specReplicasPath", "statusReplicasPath"):
        if scale is not None and not scale.get(field):
            yield f"{where}.scale.{field}", "FieldValueRequired", "Required value"


def _column_problems(value: Any, where: str) -> Iterator[Problem]:
    for place, column in enumerate(value or ()):
        for field in ("name", "jsonPath"):
            if not column.get(field):
                yield f"{where}[{place}].{field}", "FieldValueRequired", "Required value"
        if not column.get("type"):
            text = f"Required value: must be one of {','.join(_COLUMN_TYPES)}"
            yield f"{where}[{place}].type", "FieldValueRequired", text
        elif column["type"] not in _COLUMN_TYPES:
            text = f'Invalid value: "{column["type"]}": must be one of {",".join(_COLUMN_TYPES)}'
            yield f"{where}[{place}].type", "FieldValueInvalid", text


def _changed_problems(old: Json, new: Json) -> Iterator[Problem]:
    before, spec = old.get("spec") or {}, new.get("spec") or {}
    for field in ("group", "scope"):
        if spec.get(field) != before.get(field):
            text = f'Invalid value: "{spec.get(field)}": field is immutable'
            yield f"spec.{field}", "FieldValueInvalid", text
    served = {version["name"] for version in spec.get("versions") or () if version.get("name")}
    for place, name in enumerate((new.get("status") or {}).get("storedVersions") or ()):
        if name not in served:
            text = (
                f'Invalid value: "{name}": missing from spec.versions; {name} was previously a '
                "storage version, and must remain in spec.versions until a storage migration "
                f"ensures no data remains persisted in {name} and removes {name} from "
                "status.storedVersions"
            )
            yield f"status.storedVersions[{place}]", "FieldValueInvalid", text
