"""Undoing drifts in a copy of a live object."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiphys.engine.diff.paths import format_path
from tiphys.engine.diff.settings import Drift
from tiphys.engine.predicted import parse_steps, predicted_live
from tiphys.structured.pathelement import (
    field_element,
    index_element,
    key_element,
    value_element,
)


@pytest.mark.parametrize(
    ("live", "drift", "expected"),
    [
        pytest.param(
            {"spec": {"replicas": 1}},
            Drift(path=".spec.replicas", target=3, live=1),
            {"spec": {"replicas": 3}},
            id="a changed value",
        ),
        pytest.param(
            {"spec": {"replicas": 1}},
            Drift(path=".spec.replicas", live=1),
            {"spec": {}},
            id="a field that left Git",
        ),
        pytest.param(
            {},
            Drift(path=".spec.template.labels", target={"a": "b"}),
            {"spec": {"template": {"labels": {"a": "b"}}}},
            id="a field with parents that are missing",
        ),
        pytest.param(
            {"metadata": {"annotations": {"a.b/c": "1"}}},
            Drift(path='.metadata.annotations["a.b/c"]', target="2", live="1"),
            {"metadata": {"annotations": {"a.b/c": "2"}}},
            id="a name in quotes",
        ),
        pytest.param(
            {"c": [{"name": "web", "image": "1"}, {"name": "log", "image": "1"}]},
            Drift(path='.c[name="web"].image', target="2", live="1"),
            {"c": [{"name": "web", "image": "2"}, {"name": "log", "image": "1"}]},
            id="an item by its key",
        ),
        pytest.param(
            {"ports": [{"port": 80, "protocol": "TCP"}]},
            Drift(path='.ports[port=80,protocol="TCP"].name', target="http"),
            {"ports": [{"port": 80, "protocol": "TCP", "name": "http"}]},
            id="an item by two keys",
        ),
        pytest.param(
            {"c": []},
            Drift(path='.c[name="web"].image', target="2"),
            {"c": [{"name": "web", "image": "2"}]},
            id="an item that is missing",
        ),
        pytest.param(
            {"finalizers": ["a", "b"]},
            Drift(path='.finalizers[="b"]', live="b"),
            {"finalizers": ["a"]},
            id="a member of a set that left",
        ),
        pytest.param(
            {"args": ["a", "b"]},
            Drift(path=".args[1]", target="c", live="b"),
            {"args": ["a", "c"]},
            id="an item by its place",
        ),
        pytest.param(
            {"spec": "text"},
            Drift(path=".spec.replicas", target=3),
            {"spec": "text"},
            id="a parent that is no object is left alone",
        ),
    ],
)
def test_a_drift_is_undone_where_it_is(
    live: dict[str, Any], drift: Drift, expected: dict[str, Any]
) -> None:
    before = repr(live)

    assert predicted_live(live, [drift]) == expected
    assert repr(live) == before


_SCALARS = st.one_of(st.text(max_size=8), st.integers(-5, 5), st.booleans())
_ELEMENTS = st.one_of(
    st.text(min_size=1, max_size=8).map(field_element),
    st.integers(0, 9).map(index_element),
    _SCALARS.map(value_element),
    st.dictionaries(st.sampled_from(["name", "port"]), _SCALARS, min_size=1).map(
        lambda keys: key_element(list(keys.items()))
    ),
)


@given(st.lists(_ELEMENTS, min_size=1, max_size=4).map(tuple))
def test_every_path_that_messages_show_is_understood(path: tuple[str, ...]) -> None:
    assert len(parse_steps(format_path(path))) == len(path)
