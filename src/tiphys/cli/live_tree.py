"""Live objects as a tree of who owns whom."""

import msgspec

from tiphys.model.keys import ResourceKey


class LiveNode(msgspec.Struct, frozen=True, kw_only=True):
    """One live object and what it owns; status and health are "" where they do not apply."""

    key: ResourceKey
    status: str = ""
    health: str = ""
    message: str = ""
    children: tuple["LiveNode", ...] = ()
