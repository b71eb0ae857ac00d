"""Defects that the session with kubectl must notice."""

from tests.contract.planted import noticed_by
from tiphys.sandbox.http import protobuf


@noticed_by("test_a_session_says_the_same[objects-1.37]")
def maps_in_protobuf_lose_their_values() -> None:
    vars(protobuf)["_entry"] = lambda go, data, depth: ("red", "1")
