"""What a comparison is told, and what it answers."""

from enum import StrEnum
from typing import Any

import msgspec

from tiphys.engine.ignoring import IgnoreRule
from tiphys.model.application import KnownTypeField
from tiphys.model.labels import FIELD_MANAGER


class CompareMode(StrEnum):
    """How a sync would bring the resource in line, which decides what differs."""

    APPLY = "apply"
    CLIENT_SIDE = "client-side"
    REPLACE = "replace"


class CompareSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything besides target and live that a verdict depends on; hashable, for its cache.

    Attributes:
        manager: our field manager.
        migrates: whether a sync takes over the fields of client-side apply.
        migration_manager: one more manager whose fields a sync takes over, named by the user.
        mode: how a sync would write.
        ignore: the rules for this resource, in the order they are applied.
        ignore_status: whether `/status` is left out.
        known_types: parts of the resource that have the type of a built-in one.
    """

    manager: str = FIELD_MANAGER
    migrates: bool = True
    migration_manager: str = ""
    mode: CompareMode = CompareMode.APPLY
    ignore: tuple[IgnoreRule, ...] = ()
    ignore_status: bool = True
    known_types: tuple[KnownTypeField, ...] = ()


class Verdict(StrEnum):
    """What a comparison found."""

    SYNCED = "Synced"
    OUT_OF_SYNC = "OutOfSync"
    ASK = "Ask"
    """Only the API server can tell: apply as a dry run and judge its prediction."""


class Drift(msgspec.Struct, frozen=True, kw_only=True):
    """One field that differs.

    Attributes:
        path: as `paths.format_path` writes it.
        target: the value wanted; None where Git has none.
        live: the value in the cluster; None where it has none.
        manager: who wrote the live value last, "" when nobody can be named: a field that is gone
            has no author.
        changed_at: RFC 3339 time of that manager's last write to the resource.
        note: why the field counts, where the values do not say it.
    """

    path: str
    target: Any = None
    live: Any = None
    manager: str = ""
    changed_at: str = ""
    note: str = ""


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict on one resource.

    With ASK, `drifts` holds what was found without the API server.

    Attributes:
        is_settled: an apply would change nothing, not even who owns what.
        is_provisional: the API server was asked and could not answer; asking again may tell more.
        problems: why nobody can tell what rules ignore; their fields were compared.
    """

    verdict: Verdict
    drifts: tuple[Drift, ...] = ()
    note: str = ""
    problems: tuple[str, ...] = ()
    is_provisional: bool = False
    is_settled: bool = False
