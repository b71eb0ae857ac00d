"""Sequences of writes to one object by several field managers, and what a server makes of them.

A sequence is plain data: `{"kind": "ConfigMap", "steps": [STEP...]}`; a step is a map:

- `op`: `create`, `replace` (a PUT of this body alone), `update` (a PUT of the object as the writer
  saw it last, with `body` merged into it), `apply`, `merge`, `json`, `strategic`.
- `by`: the field manager; `body`: what is sent, without the object's name.
- `force`, `dry_run`: true or absent; `sub`: the subresource.

An outcome is what one step was answered, without what differs from one run to the next. Both are
JSON, so that they can be recorded (see `recorded_sequences`).
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
_WHOLE = re.compile(r'Invalid value: "\{.*\}": ')
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

    def path(self, kind: str, name: str = "", sub: str = "") -> str:
        api_version = API_VERSIONS[kind].replace("GROUP", self.custom.group)
        return at(api_version, f"{kind.lower()}s", self.namespace, name, sub)


def places(cluster: Cluster) -> Iterator[Place]:
    """Yield a place of its own on a server, and take it back afterwards."""
    suffix = uuid.uuid4().hex[:10]
    custom = Custom(f"g{suffix}.example.com")
    version = version_of(THING, subresources={"status": {}})
    cluster.post(DEFINITIONS, definition_of(version, group=custom.group)).ok()
    wait_served(cluster, custom)
    cluster.post("/api/v1/namespaces", {"metadata": {"name": f"s{suffix}"}}).ok()
    yield Place(cluster, f"s{suffix}", custom)
    cluster.delete(f"/api/v1/namespaces/s{suffix}")
    cluster.delete(custom.definition)


def play(place: Place, sequence: Json) -> list[Outcome]:
    """Send the writes of a sequence to a new object, and return what each was answered."""
    kind, name = sequence["kind"], f"x{uuid.uuid4().hex[:10]}"
    live: Json = {}
    answers = []
    for step in sequence["steps"]:
        answer = _send(place, kind, name, (step, live))
        answers.append(answer)
        if answer.code < 300 and "dry_run" not in step:
            live = answer.json
    path = place.path(kind, name)
    if live.get("metadata", {}).get("finalizers"):
        place.cluster.patch(path, {"metadata": {"finalizers": None}})
    place.cluster.delete(path, propagationPolicy="Background")
    return _outcomes(place, name, answers)


def _send(place: Place, kind: str, name: str, write: tuple[Json, Json]) -> Answer:
    step, live = write
    op, query = step["op"], {"fieldManager": step["by"]}
    if "dry_run" in step:
        query["dryRun"] = "All"
    if "force" in step:
        query["force"] = "true"
    path = place.path(kind, "" if op == "create" else name, step.get("sub", ""))
    body = step["body"]
    if op == "update":
        body = _updated(kind, live, body)
    if op in {"create", "replace", "apply"}:
        api_version = API_VERSIONS[kind].replace("GROUP", place.custom.group)
        metadata = {**body.get("metadata", {}), "name": name}
        if op == "replace" and kind == "Thing":
            metadata["resourceVersion"] = live.get("metadata", {}).get("resourceVersion", "1")
        body = {"apiVersion": api_version, "kind": kind, **body, "metadata": metadata}
    media = _MEDIA.get(op, "application/json")
    return place.cluster.call(_METHODS.get(op, "PATCH"), path, body, media=media, **query)


def _updated(kind: str, live: Json, change: Json) -> Json:
    body: Json = apply_merge_patch(live, change)
    if kind != "Thing":  # controllers write to some kinds meanwhile
        metadata = {k: v for k, v in body.get("metadata", {}).items() if k != "resourceVersion"}
        body = {**body, "metadata": metadata}
    return body


def _outcomes(place: Place, name: str, answers: list[Answer]) -> list[Outcome]:
    found = []
    for answer in answers:
        body = answer.json
        _take_out_controllers(body)
        found.append({"code": answer.code, "warnings": list(answer.warnings), "body": body})
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
    body = outcome["body"]
    if body["kind"] == "Status":
        for cause in (details := body.get("details") or {}).get("causes") or ():
            cause["message"] = _message(cause["message"])
        body["message"] = _message(body["message"])
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
    elif entries := body["metadata"].get("managedFields"):
        entries.sort(key=lambda e: (e["operation"], e.get("manager", ""), e.get("subresource", "")))
    return outcome


def _message(message: str) -> str:
    """Managers come in the order of a Go map, objects in that of Go's structs."""
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
