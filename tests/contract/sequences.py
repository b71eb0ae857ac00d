"""Sequences of writes to one object by several field managers, and what a server makes of them.

A sequence is plain data: `{"kind": "ConfigMap", "steps": [STEP...]}`; a step is a map:

- `op`: `create`, `replace` (a PUT of this body alone), `update` (a PUT of the object as the writer
  saw it last, with `body` merged into it), `apply`, `merge`, `json`, `strategic`.
- `by`: the field manager; `body`: what is sent, without the object's name.
- `force`, `dry_run`: true or absent; `sub`: the subresource; `scale` has a body of its own.
- `version`: the API version of a custom resource, if it is not the stored one.
- `record`: the body is noted in kubectl's own annotation, as its client-side apply does.

An outcome is what one step was answered, without what differs from one run to the next. Both are
JSON, so that they can be recorded (see `recorded_sequences`). After a write of a scale it has the
object too, as `object`.
"""

import copy
import json
import re
import uuid
from collections.abc import Iterator
from typing import Any, NamedTuple

from scripts.random_scenarios import SCHEMA
from tests.contract.cluster import (
    APPLY_PATCH,
    JSON_PATCH,
    MERGE_PATCH,
    STRATEGIC_PATCH,
    Answer,
    Cluster,
    at,
)
from tests.contract.custom import DEFINITIONS, Custom, definition_of, version_of, wait_served
from tiphys.structured.lastapplied import LAST_APPLIED
from tiphys.structured.patches.merge_patch import apply_merge_patch

Json = dict[str, Any]
Outcome = dict[str, Any]
API_VERSIONS = {
    "ConfigMap": "v1",
    "Deployment": "apps/v1",
    "PodTemplate": "v1",
    "Service": "v1",
    "Thing": "GROUP/v1",
}
_MEDIA = {
    "apply": APPLY_PATCH,
    "json": JSON_PATCH,
    "merge": MERGE_PATCH,
    "strategic": STRATEGIC_PATCH,
}
_METHODS = {"create": "POST", "replace": "PUT", "update": "PUT"}
_MASKS = (
    (re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "UID"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"), "TIME"),
    (re.compile(r"\b10\.96\.\d+\.\d+\b"), "ADDRESS"),
    (re.compile(r'odePort": 3\d{4}'), 'odePort": "NUMBER"'),
)
# A server wants what the libraries do not: keys of a list are required or have a default.
THING: Json = copy.deepcopy(SCHEMA)
THING["properties"]["spec"]["properties"]["lk"]["items"]["required"] = ["port"]
THING["properties"]["spec"]["properties"]["replicas"] = {"type": "integer", "minimum": 0}
# Another version lacks some fields, and has a field and a default of its own.
OTHER: Json = copy.deepcopy(THING)
for _field in ("b", "n", "u"):
    del OTHER["properties"]["spec"]["properties"][_field]
OTHER["properties"]["spec"]["properties"]["a"] = {"type": "string", "default": "c"}
OTHER["properties"]["spec"]["properties"]["z"] = {"type": "string"}
_SUBRESOURCES: Json = {
    "status": {},
    "scale": {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"},
}
_WHOLE = re.compile(r'Invalid value: "\{.*\}": ')
_UNDECLARED = re.compile(r"(errors:\n  )?\.spec\..*: field not declared in schema.*", re.DOTALL)
_VERSION = re.compile(r'"resourceVersion": "(\d+)"')


class Place(NamedTuple):
    """Where sequences are played on one server.

    Attributes:
        namespace: theirs alone.
        custom: the kind Thing, which has every kind of list and map.
    """

    cluster: Cluster
    namespace: str
    custom: Custom

    def api_version(self, kind: str, version: str = "") -> str:
        found = API_VERSIONS[kind].replace("GROUP", self.custom.group)
        return f"{self.custom.group}/{version}" if version else found

    def path(self, kind: str, name: str = "", step: Json | None = None) -> str:
        version, sub = ((step or {}).get(part, "") for part in ("version", "sub"))
        return at(self.api_version(kind, version), f"{kind.lower()}s", self.namespace, name, sub)


def places(cluster: Cluster) -> Iterator[Place]:
    """Yield a place of its own on a server, and take it back afterwards."""
    suffix = uuid.uuid4().hex[:10]
    custom = Custom(f"g{suffix}.example.com")
    versions = [
        version_of(THING, subresources=_SUBRESOURCES),
        version_of(OTHER, "v2", storage=False, subresources=_SUBRESOURCES),
    ]
    cluster.post(DEFINITIONS, definition_of(*versions, group=custom.group)).ok()
    for version in versions:
        wait_served(cluster, custom, version["name"])
    cluster.post("/api/v1/namespaces", {"metadata": {"name": f"s{suffix}"}}).ok()
    yield Place(cluster, f"s{suffix}", custom)
    cluster.delete(f"/api/v1/namespaces/s{suffix}")
    cluster.delete(custom.definition)


def play(place: Place, sequence: Json) -> list[Outcome]:
    """Send the writes of a sequence to a new object, and return what each was answered."""
    kind, name = sequence["kind"], f"x{uuid.uuid4().hex[:10]}"
    path = place.path(kind, name)
    live: Json = {}
    answers = []
    for step in sequence["steps"]:
        seen = live
        if live and step["op"] == "update" and ("version" in step or _is_scale(step)):
            seen = _as_seen(place, (kind, name), step)
        answer = _send(place, kind, name, (step, seen))
        after = place.cluster.get(path) if live and _is_scale(step) else None
        answers.append((answer, after))
        if answer.code < 300 and "dry_run" not in step:
            live = answer.json if after is None else after.json
        if live and "version" in step:
            live = place.cluster.get(path).json
    if live.get("metadata", {}).get("finalizers"):
        place.cluster.patch(path, {"metadata": {"finalizers": None}})
    place.cluster.delete(path, propagationPolicy="Background")
    return _outcomes(place, name, answers)


def _as_seen(place: Place, named: tuple[str, str], step: Json) -> Json:
    """Return what an update starts from, where that is not what was written last."""
    kind, name = named
    if not _is_scale(step):
        found: Json = place.cluster.get(place.path(kind, name, {**step, "sub": ""})).json
        return found
    answer = place.cluster.get(place.path(kind, name, step))
    bare = {"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": name}}
    return dict(answer.json) if answer.code == 200 else bare


def _is_scale(step: Json) -> bool:
    return step.get("sub") == "scale"


def _send(place: Place, kind: str, name: str, write: tuple[Json, Json]) -> Answer:
    step, live = write
    op, query = step["op"], {"fieldManager": step["by"]}
    if "dry_run" in step:
        query["dryRun"] = "All"
    if "force" in step:
        query["force"] = "true"
    path = place.path(kind, "" if op == "create" else name, step)
    body = step["body"]
    if op == "update":
        body = _updated(kind, live, body)
    if op in {"create", "replace", "apply"}:
        metadata = {**body.get("metadata", {}), "name": name}
        if op == "replace" and kind == "Thing" and not _is_scale(step):
            metadata["resourceVersion"] = live.get("metadata", {}).get("resourceVersion", "1")
        about = {"apiVersion": place.api_version(kind, step.get("version", "")), "kind": kind}
        if _is_scale(step):
            about = {"apiVersion": "autoscaling/v1", "kind": "Scale"}
        body = {**about, **body, "metadata": metadata}
    if "record" in step:
        body = _recorded(body, {"name": name, "namespace": place.namespace})
    media = _MEDIA.get(op, "application/json")
    return place.cluster.call(_METHODS.get(op, "PATCH"), path, body, media=media, **query)


def _recorded(body: Json, names: Json) -> Json:
    metadata = body.get("metadata") or {}
    said = {**body, "metadata": {**metadata, **names}}
    annotations = {
        **(metadata.get("annotations") or {}),
        LAST_APPLIED: f"{json.dumps(said, sort_keys=True)}\n",
    }
    return {**body, "metadata": {**metadata, "annotations": annotations}}


def _updated(kind: str, live: Json, change: Json) -> Json:
    body: Json = apply_merge_patch(live, change)
    if kind != "Thing":  # controllers write to some kinds meanwhile
        metadata = {k: v for k, v in body.get("metadata", {}).items() if k != "resourceVersion"}
        body = {**body, "metadata": metadata}
    return body


def _outcomes(
    place: Place, name: str, answers: list[tuple[Answer, Answer | None]]
) -> list[Outcome]:
    found = []
    for answer, after in answers:
        outcome = {"code": answer.code, "warnings": list(answer.warnings), "body": answer.json}
        if after is not None:
            outcome["object"] = after.json
            if outcome["object"]["kind"] == "Deployment":
                outcome["body"]["metadata"].pop("resourceVersion", None)
                outcome["body"].pop("status", None)
            _take_out_controllers(outcome["object"])
        _take_out_controllers(outcome["body"])
        found.append(outcome)
    text = json.dumps(found)
    names = {place.custom.group: "GROUP", place.namespace: "NAMESPACE", name: "NAME"}
    for word, mask in names.items():
        text = text.replace(word, mask)
    for pattern, mask in _MASKS:
        text = pattern.sub(mask, text)
    versions = {old: str(n) for n, old in enumerate(dict.fromkeys(_VERSION.findall(text)))}
    text = _VERSION.sub(lambda m: f'"resourceVersion": "{versions[m[1]]}"', text)
    return [_sorted(outcome) for outcome in json.loads(text)]


def _take_out_controllers(body: Json) -> None:
    """Remove what controllers write to a Deployment whenever they come to it."""
    if body.get("kind") != "Deployment":
        return
    metadata = body["metadata"]
    body.pop("status", None)
    metadata.pop("resourceVersion", None)
    metadata["managedFields"] = [
        e for e in metadata.get("managedFields", []) if "controller" not in e["manager"]
    ]


def _sorted(outcome: Outcome) -> Outcome:
    """Order what a server gives in the order of seconds, or in none."""
    if "object" in outcome:
        _sort_owners(outcome["object"])
    body = outcome["body"]
    if body["kind"] == "Status":
        for cause in (details := body.get("details") or {}).get("causes") or ():
            cause["message"] = in_order(cause["message"])
        body["message"] = in_order(body["message"])
        causes = details.get("causes") or []
        if len(causes) > 1:
            # The causes say the same; of those of maps the order is that of Go.
            body["message"] = body["message"].partition(" is invalid: ")[0]
            # A port that is there twice has one number by then, and the real server says so too.
            kept = [c for c in causes if not c.get("field", "").endswith(".nodePort")]
            details["causes"] = sorted(kept, key=lambda c: (c.get("field", ""), c["message"]))
            if len(kept) == 1:
                body["message"] = f"{body['message']} is invalid: {kept[0]['field']}: "
                body["message"] += kept[0]["message"]
    else:
        _sort_owners(body)
    return outcome


def _sort_owners(body: Json) -> None:
    def order(entry: Json) -> tuple[str, ...]:
        return tuple(
            entry.get(n, "") for n in ("operation", "manager", "subresource", "apiVersion")
        )

    body["metadata"].get("managedFields", []).sort(key=order)


def in_order(message: str) -> str:
    """Return a message with its lines in an order of their own, without what Go shuffles in them.

    Managers come in the order of a Go map, objects in that of Go's structs; the fields of an object
    that is checked too, up to the first that nobody has declared.
    """
    message = _UNDECLARED.sub("FIELDS NOT DECLARED", message)
    first, *others = _WHOLE.sub("Invalid value: OBJECT: ", message).split("\n")
    return "\n".join([first, *sorted(others)])


def differences(given: Any, expected: Any, path: str = "") -> list[str]:
    """Return where two JSON values differ, one line a place."""
    pairs: list[tuple[str, Any, Any]] = []
    if isinstance(given, dict) and isinstance(expected, dict):
        keys = {**given, **expected}
        pairs = [(key, given.get(key, "-"), expected.get(key, "-")) for key in keys]
    elif isinstance(given, list) and isinstance(expected, list) and len(given) == len(expected):
        both = enumerate(zip(given, expected, strict=True))
        pairs = [(str(place), one, other) for place, (one, other) in both]
    elif given != expected:
        return [f"{path}: {json.dumps(given)} instead of {json.dumps(expected)}"]
    return [t for key, one, other in pairs for t in differences(one, other, f"{path}/{key}")]


def told_once(outcomes: list[Json]) -> list[Json]:
    """Return the outcomes, each warning where it was given first.

    A real server tries a write on the state in its watch cache first, and warns of what it finds
    there: a warning of a write that was just made may come with the next one again.
    """
    told: set[str] = set()
    result = []
    for outcome in outcomes:
        warnings = outcome.get("warnings") or []
        result.append({**outcome, "warnings": [w for w in warnings if w not in told]})
        told.update(warnings)
    return result
