"""Random sequences of writes by several managers leave the same object and owners on both servers.

A real server answers beside a sandbox, both are asked the same. Where there is no real one, the
server at hand is held to sequences that were recorded off a real one.
"""

import json
import os
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.contract.cluster import Cluster
from tests.contract.random_writes import sequences
from tests.contract.recorded_sequences import recorded
from tests.contract.sequences import API_VERSIONS, Place, differences, places, play, told_once
from tests.e2e.world import sandbox

Json = dict[str, Any]


class Pair(NamedTuple):
    """Two servers that are asked the same."""

    sandbox: Place
    real: Place


@pytest.fixture(scope="session")
def place(cluster: Cluster) -> Iterator[Place]:
    yield from places(cluster)


@pytest.fixture(scope="session")
def pair(place: Place, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with sandbox(tmp_path_factory.mktemp("beside") / "sandbox") as kubeconfig:
        cluster = Cluster(kubeconfig)
        for other in places(cluster):
            yield Pair(other, place)
        cluster.close()


@pytest.mark.skipif(
    "TIPHYS_TEST_KUBECONFIG" not in os.environ, reason="there is no other server to compare with"
)
@pytest.mark.timeout(0)
@pytest.mark.parametrize("kind", API_VERSIONS)
@given(data=st.data())
def test_random_writes_have_the_same_outcome_on_both_servers(
    pair: Pair, kind: str, data: st.DataObject
) -> None:
    sequence = data.draw(sequences(kind))
    found, expected = play(pair.sandbox, sequence), play(pair.real, sequence)
    difference = differences(told_once(found), told_once(expected))
    assert not difference, "\n".join([json.dumps(sequence), *difference])


@pytest.mark.parametrize("sequence", recorded(), ids=lambda sequence: sequence["kind"])
def test_recorded_writes_are_answered_as_a_real_server_did(place: Place, sequence: Json) -> None:
    found, expected = play(place, sequence), sequence["outcomes"]
    if "TIPHYS_TEST_KUBECONFIG" in os.environ:
        found, expected = told_once(found), told_once(expected)
    difference = differences(found, expected)
    assert not difference, "\n".join([json.dumps(sequence["steps"]), *difference])
