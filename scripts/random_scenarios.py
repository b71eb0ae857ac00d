"""Makes random questions for the recorder in tests/golang/recorder; the same seed, the same ones.

Used by scripts/record_structured.py.
"""

import random
from typing import Any

from tiphys.model.keys import GroupVersionKind
from tiphys.structured.patches.strategic_diff import create_three_way_patch
from tiphys.structured.schema import load_builtin_schema

Json = dict[str, Any]
STRING, INTEGER = {"type": "string"}, {"type": "integer"}
ITEM: Json = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": STRING,
        "v": INTEGER,
        "sub": {"type": "object", "properties": {"p": STRING, "q": STRING}},
        "tags": {"type": "array", "items": STRING, "x-kubernetes-list-type": "set"},
    },
}
SCHEMA: Json = {
    "type": "object",
    "properties": {
        "spec": {
            "type": "object",
            "properties": {
                "a": STRING,
                "b": INTEGER,
                "m": {"type": "object", "additionalProperties": STRING},
                "at": {"type": "object", "x-kubernetes-map-type": "atomic",
                       "properties": {"x": STRING, "y": STRING}},
                "l": {"type": "array", "items": STRING},
                "s": {"type": "array", "items": STRING, "x-kubernetes-list-type": "set"},
                "lm": {"type": "array", "items": ITEM, "x-kubernetes-list-type": "map",
                       "x-kubernetes-list-map-keys": ["name"]},
                "lk": {"type": "array", "x-kubernetes-list-type": "map",
                       "x-kubernetes-list-map-keys": ["port", "protocol"],
                       "items": {"type": "object", "properties": {
                           "port": INTEGER, "protocol": {"type": "string", "default": "TCP"},
                           "name": STRING}}},
                "o": {"type": "object", "properties": {
                    "p": STRING, "q": {"type": "object", "properties": {
                        "r": STRING, "t": {"type": "object", "additionalProperties": STRING}}}}},
                "u": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                "n": {"type": "object", "additionalProperties": {
                    "type": "object", "properties": {"v": INTEGER, "w": STRING}}},
                "i": {"x-kubernetes-int-or-string": True},
            },
        },
        "status": {"type": "object", "properties": {"x": STRING}},
    },
}  # fmt: skip
KIND = {"apiVersion": "example.com/v1", "kind": "Thing"}


class Maker:
    """Makes random values of the schema above."""

    def __init__(self, seed: int, *, nulls: float, duplicates: bool = False) -> None:
        self.random = random.Random(seed)  # reproducible on purpose, not a secret
        self.nulls, self.duplicates = nulls, duplicates

    def word(self) -> str:
        return self.random.choice(["x", "y", "z"])

    def number(self) -> int:
        return self.random.choice([1, 2, 30])

    def some(self, **makers: Any) -> Json:
        chosen = {}
        for name, make in makers.items():
            if self.random.random() < 0.5:
                chosen[name] = None if self.random.random() < self.nulls else make()
        return chosen

    def words(self) -> list[str]:
        words = self.random.sample(["x", "y", "z", "w"], self.random.randint(0, 3))
        return words + words[:1] if self.duplicates and self.random.random() < 0.2 else words

    def map(self) -> Json:
        return self.some(k=self.word, l=self.word, m=self.word)

    def item(self, name: str) -> Json:
        rest = self.some(
            v=self.number, sub=lambda: self.some(p=self.word, q=self.word), tags=self.words
        )
        return {"name": name, **rest}

    def items(self) -> list[Json]:
        return [self.item(name) for name in self.words()]

    def ports(self) -> list[Json]:
        ports = self.random.sample([80, 443, 8080], self.random.randint(0, 2))
        return [
            {"port": port, **self.some(protocol=lambda: "TCP", name=self.word)} for port in ports
        ]

    def anything(self) -> Any:
        return self.random.choice([self.word(), self.number(), self.words(), self.map(), True, 1.5])

    def spec(self) -> Json:
        return self.some(
            a=self.word, b=self.number, m=self.map, at=lambda: self.some(x=self.word, y=self.word),
            l=self.words, s=self.words, lm=self.items, lk=self.ports,
            o=lambda: self.some(p=self.word, q=lambda: self.some(r=self.word, t=self.map)),
            u=lambda: self.some(a=self.anything, b=self.anything),
            n=lambda: self.some(
                a=lambda: self.some(v=self.number, w=self.word),
                b=lambda: self.some(v=self.number, w=self.word),
            ),
            i=lambda: self.random.choice([1, "1", "x"]),
        )  # fmt: skip

    def thing(self) -> Json:
        metadata = {"name": "thing", **self.some(labels=self.map)}
        return {
            **KIND,
            "metadata": metadata,
            **self.some(spec=self.spec, status=lambda: {"x": "1"}),
        }

    def step(self) -> Json:
        op = self.random.choice(["apply", "apply", "apply", "merge", "update"])
        body = {"spec": self.spec()} if op == "merge" else self.thing()
        step: Json = {"op": op, "manager": self.random.choice("abc"), "object": body}
        if op == "apply" and self.random.random() < 0.4:
            step["force"] = True
        return step


def steps(count: int) -> list[Json]:
    """Return sequences of writes to a custom resource."""
    cases = []
    for seed in range(count):
        maker = Maker(seed, nulls=0.08 if seed % 4 == 0 else 0.0)
        length = maker.random.randint(2, 5)
        cases.append({"name": f"random steps {seed}", "ask": "steps", **KIND, "schema": SCHEMA,
                      "steps": [maker.step() for _ in range(length)]})  # fmt: skip
    return cases


def typed(count: int) -> list[Json]:
    """Return pairs of objects to compare and merge."""
    cases = []
    for seed in range(count):
        maker = Maker(seed, nulls=0.1 if seed % 3 == 0 else 0.0, duplicates=seed % 2 == 0)
        cases.append({"name": f"random pair {seed}", "ask": "typed", **KIND, "schema": SCHEMA,
                      "original": maker.thing(), "modified": maker.thing()})  # fmt: skip
    return cases


class PodMaker(Maker):
    """Makes random Deployments, with every kind of list that strategic merge knows."""

    def container(self, name: str) -> Json:
        return {
            "name": name,
            **self.some(
                image=self.word,
                args=self.words,
                env=lambda: [{"name": n, "value": self.word()} for n in self.words()],
                ports=lambda: [
                    {"containerPort": p, **self.some(name=self.word)}
                    for p in self.random.sample([80, 443, 9000], self.random.randint(0, 3))
                ],
            ),
        }

    def strategy(self) -> Json:
        return self.random.choice(
            [{"type": "Recreate"}, {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}]
        )

    def volume(self, name: str) -> Json:
        kind = self.random.choice(["emptyDir", "configMap"])
        return {"name": name, kind: {"name": "c"} if kind == "configMap" else {}}

    def deployment(self) -> Json:
        pod = self.some(
            volumes=lambda: [self.volume(name) for name in self.words()],
            nodeSelector=self.map,
            serviceAccountName=self.word,
        )
        pod["containers"] = [self.container(name) for name in self.words()]
        metadata = {"name": "d", **self.some(labels=self.map, finalizers=self.words)}
        spec = {
            "template": {"spec": pod},
            **self.some(replicas=self.number, strategy=self.strategy),
        }
        return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}


def strategic(count: int) -> list[Json]:
    """Return two-way and three-way strategic merges, and three-way merge patches."""
    cases = []
    for seed in range(count):
        maker = PodMaker(seed, nulls=0.0, duplicates=seed % 10 == 0)
        asks = ["three-way", "three-way", "two-way", "three-way-merge"]
        cases.append({"name": f"random deployments {seed}", "ask": asks[seed % 4],
                      "apiVersion": "apps/v1", "kind": "Deployment",
                      "original": maker.deployment(), "modified": maker.deployment(),
                      "current": maker.deployment()})  # fmt: skip
    return cases


def applied(count: int) -> list[Json]:
    """Return strategic merge patches, made by us, for the libraries to apply."""
    type_ = load_builtin_schema().schema_for(GroupVersionKind("apps", "v1", "Deployment"))
    if type_ is None:
        raise SystemExit("Deployments have no type")
    cases = []
    for seed in range(1000, 1000 + count):
        maker = PodMaker(seed, nulls=0.0)
        last, wanted, live = maker.deployment(), maker.deployment(), maker.deployment()
        patch = create_three_way_patch(last, wanted, live, type_)
        cases.append({"name": f"random patches {seed}", "ask": "strategic",
                      "apiVersion": "apps/v1", "kind": "Deployment",
                      "original": live, "patch": patch})  # fmt: skip
    return cases


FILES: dict[str, list[Json]] = {
    "random-steps": steps(220),
    "random-pairs": typed(200),
    "random-deployments": strategic(200),
    "random-patches": applied(150),
}
