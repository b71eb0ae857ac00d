"""Defects that the session with kubectl must notice."""

from tiphys.sandbox import protobuf


def maps_in_protobuf_lose_their_values() -> None:
    vars(protobuf)["_entry"] = lambda go, data, depth: ("red", "1")
