"""Strategies for sequences of writes: small values, so that writers meet in the same fields."""

import copy
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

Json = dict[str, Any]
Values = st.SearchStrategy[Any]
WORDS = st.sampled_from(["a", "b", "c"])
MANAGERS = st.sampled_from(["one", "two", "three"])
CLIENT_SIDE = "kubectl-client-side-apply"
NUMBERS = st.integers(0, 3)
FLAGS = st.booleans()


class Maker:
    """Makes the parts of objects.

    Args:
        patching: values may be null, and strategic directives appear.
    """

    def __init__(self, *, patching: bool = False, directives: bool = False) -> None:
        self.patching, self.directives = patching, directives

    def some(self, **optional: Values) -> Values:
        """A map with some of these fields."""
        plain = st.fixed_dictionaries({}, optional=optional)
        if not self.patching:
            return plain
        nullable = {name: value | st.none() for name, value in optional.items()}
        return st.fixed_dictionaries({}, optional=nullable)

    def whole(self, **optional: Values) -> Values:
        """An object; without its metadata a patch would do nothing."""
        return st.tuples(self.some(**optional), self.metadata()).map(
            lambda parts: {**parts[0], **({"metadata": parts[1]} if parts[1] else {})}
        )

    def map(self, **optional: Values) -> Values:
        """A map that a strategic patch may replace as a whole."""
        found = self.some(**optional)
        if not self.directives:
            return found
        replaced = Maker().some(**optional).map(lambda value: {**value, "$patch": "replace"})
        return st.one_of(found, found, replaced)

    def words(self, values: Values = WORDS) -> Values:
        """A map of strings."""
        return self.map(a=values, b=values, c=values)

    def items(self, *keys: str, item: Values, key: Values = WORDS) -> Values:
        """A list of items that their keys tell apart, or now and then do not."""
        defaults = {"protocol": "TCP"}

        def identity(found: Json) -> str:
            return str([found.get(name) or defaults.get(name) for name in keys])

        unique = st.lists(item, max_size=3, unique_by=identity)
        lists = st.one_of(unique, unique, unique, unique, st.lists(item, max_size=3))
        if self.directives:
            gone = st.fixed_dictionaries({keys[0]: key, "$patch": st.just("delete")})
            lists |= st.lists(item | gone, max_size=3)
        return lists

    def item(self, required: Json, **optional: Values) -> Values:
        """An item of a list, with its key."""
        if self.patching:
            optional = {name: value | st.none() for name, value in optional.items()}
        return st.fixed_dictionaries(required, optional=optional)

    def metadata(self) -> Values:
        finalizers = st.sampled_from(["example.com/a", "example.com/b", "example.com/c"])
        return self.some(
            labels=self.words(),
            annotations=self.words(),
            finalizers=st.lists(finalizers, max_size=3, unique=True),
        )

    def config_map(self) -> Values:
        return self.whole(
            data=self.words(),
            binaryData=self.words(st.sampled_from(["YQ==", "YWI="])),
        )

    def service(self) -> Values:
        port = self.item(
            {"port": st.sampled_from([80, 443]), "name": WORDS},
            protocol=st.sampled_from(["TCP", "UDP"]),
            targetPort=st.sampled_from([8080, "http"]),
            appProtocol=WORDS,
        )
        spec = self.some(
            ports=self.items("port", "protocol", item=port, key=st.sampled_from([80, 443])),
            selector=self.words(),
            type=st.sampled_from(["ClusterIP", "NodePort"]),
            sessionAffinity=st.sampled_from(["None", "ClientIP"]),
            externalIPs=st.lists(st.sampled_from(["1.2.3.4", "5.6.7.8"]), max_size=2, unique=True),
            publishNotReadyAddresses=FLAGS,
        )
        condition = st.fixed_dictionaries(
            {
                "type": st.sampled_from(["example.com/A", "example.com/B"]),
                "status": st.sampled_from(["True", "False"]),
                "reason": st.sampled_from(["One", "Two"]),
                "message": WORDS,
                "lastTransitionTime": st.just("2026-01-01T00:00:00Z"),
            },
            optional={"observedGeneration": NUMBERS},
        )
        types = st.sampled_from(["example.com/A", "example.com/B"])
        status = self.some(
            conditions=self.items("type", item=condition, key=types),
            loadBalancer=self.some(ingress=st.just([])),
        )
        return self.whole(spec=spec, status=status)

    def container(self) -> Values:
        source = st.just({"fieldRef": {"fieldPath": "metadata.name"}})
        env = self.item({"name": WORDS}, value=WORDS) | self.item({"name": WORDS}, valueFrom=source)
        port = self.item(
            {"containerPort": st.sampled_from([80, 443])},
            protocol=st.sampled_from(["TCP", "UDP"]),
            name=WORDS,
        )
        amounts = self.some(
            cpu=st.sampled_from(["1", "1000m", "0.5", "500m"]),
            memory=st.sampled_from(["1Gi", "1024Mi", "1e3"]),
        )
        mount = self.item(
            {"mountPath": st.sampled_from(["/a", "/b"]), "name": WORDS}, readOnly=FLAGS
        )
        lists = {
            "args": st.lists(WORDS, max_size=2),
            "env": self.items("name", item=env),
            "ports": self.items(
                "containerPort", "protocol", item=port, key=st.sampled_from([80, 443])
            ),
            "volumeMounts": self.items("mountPath", item=mount, key=st.sampled_from(["/a", "/b"])),
        }
        return self.item(
            {"name": WORDS},
            image=WORDS,
            resources=self.some(requests=amounts),
            securityContext=self.map(privileged=FLAGS),
            **lists,
        )

    def pod(self) -> Values:
        volume = self.item({"name": WORDS}, emptyDir=st.just({})) | self.item(
            {"name": WORDS}, configMap=self.some(name=WORDS)
        )
        toleration = st.fixed_dictionaries({"key": WORDS, "operator": st.just("Exists")})
        return self.some(
            containers=self.items("name", item=self.container()),
            volumes=self.items("name", item=volume),
            nodeSelector=self.words(),
            tolerations=st.lists(toleration, max_size=2),
            securityContext=self.map(runAsUser=NUMBERS),
            imagePullSecrets=self.items("name", item=self.item({"name": WORDS})),
        )

    def template(self) -> Values:
        return self.some(metadata=self.some(labels=self.words()), spec=self.pod())

    def pod_template(self) -> Values:
        return self.whole(template=self.template())

    def deployment(self) -> Values:
        rolling = self.some(maxSurge=st.sampled_from([1, "25%"]), maxUnavailable=NUMBERS)
        strategy = self.some(
            type=st.sampled_from(["Recreate", "RollingUpdate"]), rollingUpdate=rolling
        )
        spec = self.some(
            replicas=NUMBERS,
            minReadySeconds=NUMBERS,
            strategy=strategy,
            template=self.template(),
        )
        return self.whole(spec=spec)

    def thing(self) -> Values:
        item = self.item(
            {"name": WORDS},
            v=NUMBERS,
            sub=self.some(p=WORDS, q=WORDS),
            tags=st.lists(WORDS, max_size=3, unique=True),
        )
        port = self.item({"port": st.sampled_from([80, 443])}, protocol=st.just("TCP"), name=WORDS)
        leaf = self.some(v=NUMBERS, w=WORDS)
        anything = WORDS | NUMBERS | st.lists(WORDS, max_size=2) | self.words() | st.just(1.5)
        spec = self.some(
            a=WORDS,
            b=NUMBERS,
            m=self.words(),
            at=self.some(x=WORDS, y=WORDS),
            l=st.lists(WORDS, max_size=3),
            s=st.lists(WORDS, max_size=3, unique=True),
            lm=self.items("name", item=item),
            lk=self.items("port", item=port),
            o=self.some(p=WORDS, q=self.some(r=WORDS, t=self.words())),
            u=self.some(a=anything, b=anything),
            n=self.some(a=leaf, b=leaf),
            i=st.sampled_from([1, "1", "x"]),
            replicas=NUMBERS,
            z=WORDS,
        )
        return self.whole(spec=spec, status=self.some(x=WORDS))

    def body(self, kind: str) -> Values:
        makers: dict[str, Callable[[], Values]] = {
            "ConfigMap": self.config_map,
            "Deployment": self.deployment,
            "PodTemplate": self.pod_template,
            "Service": self.service,
            "Thing": self.thing,
        }
        return makers[kind]()


_TEMPLATE = {
    "metadata": {"labels": {"app": "x"}},
    "spec": {"containers": [{"name": "a", "image": "a"}]},
}
_LEAST: dict[str, Json] = {
    "Deployment": {
        "spec": {
            "paused": True,
            "replicas": 0,
            "selector": {"matchLabels": {"app": "x"}},
            "template": _TEMPLATE,
        }
    },
    "PodTemplate": {"template": _TEMPLATE},
    "Service": {"spec": {"ports": [{"port": 80, "name": "a"}]}},
}


def whole(kind: str, body: Json) -> Json:
    """Return a body with all that such an object has to have."""
    found: Json = _with(copy.deepcopy(body), _LEAST.get(kind, {}))
    return found


def _with(value: Any, least: Any) -> Any:
    if isinstance(value, dict) and isinstance(least, dict):
        return {**value, **{k: _with(value.get(k), entry) for k, entry in least.items()}}
    if isinstance(value, list) and value and "image" in least[0]:
        # Without volumes there is nothing to mount.
        bare = [{k: v for k, v in item.items() if k != "volumeMounts"} for item in value]
        return [{"image": "a", **item} for item in bare]
    return value if value else least


_WITH_STATUS, _SCALED = {"Service", "Thing"}, {"Deployment"}
_POD_PATHS: list[tuple[str, Values]] = [
    ("spec/containers/0/image", WORDS),
    ("spec/containers/0/env", st.just([{"name": "a", "value": "a"}])),
    ("spec/containers/0/env/0/value", WORDS),
    ("spec/containers/-", st.just({"name": "c", "image": "c"})),
    ("spec/containers/1", st.just({"name": "b", "image": "b"})),
    ("spec/nodeSelector/a", WORDS),
    ("spec/tolerations/0", st.just({"key": "c", "operator": "Exists"})),
]
_PATHS: dict[str, list[tuple[str, Values]]] = {
    "ConfigMap": [
        ("/data", Maker().words()),
        ("/data/a", WORDS),
        ("/binaryData/a", st.just("YQ==")),
    ],
    "Deployment": [
        ("/spec/minReadySeconds", NUMBERS),
        *((f"/spec/template/{path}", value) for path, value in _POD_PATHS),
    ],
    "PodTemplate": [(f"/template/{path}", value) for path, value in _POD_PATHS],
    "Service": [
        ("/spec/ports/0/targetPort", st.sampled_from([8080, "http"])),
        ("/spec/ports/1", st.just({"port": 443, "name": "b"})),
        ("/spec/selector", Maker().words()),
        ("/spec/selector/a", WORDS),
    ],
    "Thing": [
        ("/spec", st.just({"a": "a"})),
        ("/spec/a", WORDS),
        ("/spec/m", Maker().words()),
        ("/spec/s/-", WORDS),
        ("/spec/s/0", WORDS),
        ("/spec/lm/0", st.just({"name": "a", "v": 1})),
        ("/spec/lm/0/v", NUMBERS),
        ("/spec/at/x", WORDS),
        ("/spec/u/a", WORDS | NUMBERS),
        ("/status", st.just({"x": "a"})),
    ],
}
_SAFE = {
    "/metadata/labels", "/data", "/spec", "/status", "/spec/minReadySeconds",
    "/spec/selector", "/spec/ports/1",
    "/template/spec/containers/-", "/template/spec/containers/0/image",
    "/template/spec/containers/0/env",
    "/spec/template/spec/containers/-", "/spec/template/spec/containers/0/image",
    "/spec/template/spec/containers/0/env",
}  # fmt: skip
"""Paths that can be added to an object, whatever it has."""
_COMMON: list[tuple[str, Values]] = [
    ("/metadata/labels", Maker().words()),
    ("/metadata/labels/a", WORDS),
    ("/metadata/annotations/a", WORDS),
    ("/metadata/finalizers/0", st.just("example.com/a")),
]


def json_patches(kind: str) -> Values:
    """JSON patches of one to three operations."""
    paths = [*_COMMON, *_PATHS[kind]]
    operation = _operations(paths, st.sampled_from(["add", "replace", "test"]))
    # Most others fail, and with one of them the whole patch does.
    safe = _operations([found for found in paths if found[0] in _SAFE], st.just("add"))
    path = st.sampled_from([path for path, _ in paths])
    removal = st.fixed_dictionaries({"op": st.just("remove"), "path": path})
    move = st.fixed_dictionaries(
        {"op": st.sampled_from(["copy", "move"]), "from": path, "path": path}
    )
    anything = st.lists(operation | removal | move, min_size=1, max_size=3)
    return anything | st.lists(safe, min_size=1, max_size=2)


def _operations(paths: list[tuple[str, Values]], op: Values) -> Values:
    def at(found: tuple[str, Values]) -> Values:
        path, value = found
        return st.fixed_dictionaries({"op": op, "path": st.just(path), "value": value})

    return st.sampled_from(paths).flatmap(at)


def steps(kind: str) -> Values:
    """One write to an object that is there."""
    of_object = _object_steps(kind)
    if kind in _SCALED:
        return st.one_of(of_object, of_object, of_object, of_object, _scale_steps())
    return of_object


def _object_steps(kind: str) -> Values:
    given, patch = Maker(), Maker(patching=True)
    complete = given.body(kind).map(lambda body: whole(kind, body))
    bodies: dict[str, Values] = {
        "apply": (given.body(kind) | complete).map(_without_empty_metadata),
        "replace": complete,
        "update": patch.body(kind),
        "merge": patch.body(kind) | st.just({"metadata": {"managedFields": [{}]}}),
        "json": json_patches(kind),
    }
    if kind != "Thing":
        bodies["strategic"] = Maker(patching=True, directives=True).body(kind)
    optional: dict[str, Values] = {"dry_run": st.just(value=True)}
    if kind == "Thing":
        optional["version"] = st.just("v2")
    kinds = []
    for op, body in bodies.items():
        more = {"sub": st.just("status")} if kind in _WITH_STATUS and op != "json" else {}
        required = {"op": st.just(op), "by": MANAGERS, "body": body}
        kinds.append(st.fixed_dictionaries(required, optional={**optional, **more}))
    forced = kinds[0].map(lambda step: {**step, "force": True})
    by_kubectl = kinds[0].map(lambda step: {**step, "by": "kubectl"})
    client_side = st.fixed_dictionaries(
        {
            "op": st.just("merge" if kind == "Thing" else "strategic"),
            "by": st.just(CLIENT_SIDE),
            "body": given.body(kind),
            "record": st.just(value=True),
        }
    )
    # Applies are what most depends on.
    return st.one_of(kinds[0], kinds[0], forced, by_kubectl, client_side, *kinds).map(_declared)


def _declared(step: Json) -> Json:
    """Leave out of an apply what only the other version has: it would be refused as a whole."""
    if step["op"] != "apply" or "version" in step or not step["body"].get("spec"):
        return step
    spec = {name: value for name, value in step["body"]["spec"].items() if name != "z"}
    return {**step, "body": {**step["body"], "spec": spec}}


def _scale_steps() -> Values:
    """Writes of the scale, by every way that there is.

    Each asks for another number than the object had: of one that changes nothing a real server
    splits the owners in two with one name, and forgets one of them by and by.
    """
    number = st.integers(4, 9999)
    body = st.fixed_dictionaries({"spec": st.fixed_dictionaries({"replicas": number})})
    patch = st.fixed_dictionaries(
        {"op": st.just("add"), "path": st.just("/spec/replicas"), "value": number}
    )
    bodies: dict[str, Values] = {
        "apply": body, "replace": body, "update": body, "merge": body, "json": st.tuples(patch),
    }  # fmt: skip
    kinds = []
    for op, values in bodies.items():
        required = {"op": st.just(op), "by": MANAGERS, "sub": st.just("scale"), "body": values}
        optional: dict[str, Values] = {"dry_run": st.just(value=True)}
        if op == "apply":
            optional["force"] = st.just(value=True)
        kinds.append(st.fixed_dictionaries(required, optional=optional))
    return st.one_of(*kinds)


def _without_empty_metadata(body: Json) -> Json:
    """Leave out what a real server stores of an applied custom resource and never shows.

    The write after such an apply changes the object, whatever it says; a sandbox stores what it
    shows.
    """
    metadata = {name: value for name, value in body.get("metadata", {}).items() if value}
    return (
        {**body, "metadata": metadata}
        if metadata
        else {name: value for name, value in body.items() if name != "metadata"}
    )


def sequences(kind: str) -> Values:
    """A first write that makes an object, and up to five more."""
    body = Maker().body(kind).map(lambda body: _without_empty_metadata(whole(kind, body)))
    op = st.sampled_from(["create", "apply"])
    anybody = st.fixed_dictionaries({"op": op, "by": MANAGERS, "body": body})
    client_side = st.fixed_dictionaries(
        {
            "op": st.just("create"),
            "by": st.just(CLIENT_SIDE),
            "body": body,
            "record": st.just(value=True),
        }
    )
    first = st.one_of(anybody, anybody, client_side).map(_declared)
    more = st.lists(steps(kind), min_size=1, max_size=5)
    return st.tuples(first, more).map(lambda s: {"kind": kind, "steps": [s[0], *s[1]]})
