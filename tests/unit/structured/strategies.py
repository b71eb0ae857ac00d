"""Random objects for laws: a custom resource with every kind of list and map."""

import random
from typing import Any

from hypothesis import strategies as st

from scripts.random_scenarios import SCHEMA, Maker, PodMaker
from tiphys.model.keys import GroupVersionKind
from tiphys.structured.fieldset import EMPTY, FieldSet
from tiphys.structured.schema import load_builtin_schema, schema_from_crd

Json = dict[str, Any]
THING = schema_from_crd(SCHEMA)
_DEPLOYMENT = load_builtin_schema().schema_for(GroupVersionKind("apps", "v1", "Deployment"))
assert _DEPLOYMENT is not None
DEPLOYMENT = _DEPLOYMENT


def _thing(seed: int) -> Json:
    return Maker(seed, nulls=0.0).thing()


def _deployment(seed: int) -> Json:
    return PodMaker(seed, nulls=0.0).deployment()


things = st.integers(0, 10**9).map(_thing)
deployments = st.integers(0, 10**9).map(_deployment)


def _fields(seed: int, depth: int = 3) -> FieldSet:
    chance = random.Random(seed)  # reproducible on purpose
    elements = ["f:a", "f:b", 'k:{"name":"x"}', 'k:{"name":"y"}', 'v:"x"', "v:1", "i:3"]
    members = [e for e in elements if chance.random() < 0.4]
    children: dict[str, FieldSet] = {}
    for element in elements if depth else ():
        below = _fields(chance.randrange(10**9), depth - 1) if chance.random() < 0.3 else EMPTY
        if below:
            children[element] = below
    return FieldSet(members, children)


field_sets = st.integers(0, 10**9).map(_fields)
