from typing import Any

import pytest

from tiphys.engine.diff import Comparison, Verdict
from tiphys.engine.keeping import KEEP_POLICY
from tiphys.engine.reconciliation import (
    Judgement,
    Pair,
    Roles,
    is_behind,
    is_health_ignored,
    pair_resource,
    resource_row,
    without_aliases,
)
from tiphys.model.application import HealthStatus
from tiphys.model.keys import Manifest, ResourceKey, key_of
from tiphys.model.words import HealthStatusCode, SyncStatusCode

SAME, OTHER = Comparison(verdict=Verdict.SYNCED), Comparison(verdict=Verdict.OUT_OF_SYNC)


def manifest(name: str = "web", group: str = "apps", **metadata: Any) -> Manifest:
    return {
        "apiVersion": f"{group}/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "shop", **metadata},
    }


def _has(word: str) -> Any:
    return lambda found: word in found["metadata"].get("annotations", {})


ROLES = Roles(
    is_hook=_has("hook"),
    is_skipped=_has("skip"),
    is_self=lambda live, _target: not _has("copy")(live),
)


def paired(targets: list[Manifest], live: list[Manifest]) -> tuple[Pair, ...]:
    wanted = {key_of(target): target for target in targets if not ROLES.is_hook(target)}
    by_key = {key_of(found): found for found in live}
    uids = {key: found["metadata"].get("uid") or str(key) for key, found in by_key.items()}
    present = {key: by_key[key] for key in without_aliases(uids, wanted)}
    keys = sorted(wanted.keys() | present.keys())
    return tuple(pair_resource(key, wanted.get(key), present.get(key), ROLES) for key in keys)


def test_targets_meet_what_is_live_under_their_key() -> None:
    pairs = paired([manifest("b"), manifest("a")], [manifest("b"), manifest("c")])

    assert [(p.key.name, p.target is None, p.live is None) for p in pairs] == [
        ("a", False, True),
        ("b", False, False),
        ("c", True, False),
    ]
    assert [p.requires_pruning for p in pairs] == [False, False, True]


def test_a_hook_is_shown_only_while_it_lives() -> None:
    hook = manifest("h", annotations={"hook": "PreSync"})

    assert paired([hook], []) == ()
    (pair,) = paired([hook], [hook])
    row = resource_row(pair, Judgement(comparison=OTHER))

    assert (row.hook, row.status, row.requires_pruning) == (True, None, True)


def test_one_object_served_by_two_groups_is_shown_once_the_one_in_git_if_any() -> None:
    old, new = manifest(group="extensions", uid="u"), manifest(uid="u")

    assert [p.key.group for p in paired([manifest(group="extensions")], [old, new])] == [
        "extensions"
    ]
    assert [p.key.group for p in paired([], [old, new])] == ["apps"]


@pytest.mark.parametrize(
    ("target", "live", "judgement", "expected"),
    [
        pytest.param({}, {}, Judgement(comparison=SAME), SyncStatusCode.SYNCED, id="equal"),
        pytest.param(
            {}, {}, Judgement(comparison=OTHER), SyncStatusCode.OUT_OF_SYNC, id="different"
        ),
        pytest.param({}, {}, Judgement(), SyncStatusCode.UNKNOWN, id="not compared"),
        pytest.param(
            {},
            {},
            Judgement(comparison=SAME, is_permitted=False),
            SyncStatusCode.UNKNOWN,
            id="not permitted by the project",
        ),
        pytest.param({"skip": ""}, {}, Judgement(comparison=OTHER), None, id="skipped in Git"),
        pytest.param({}, {"copy": ""}, Judgement(comparison=OTHER), None, id="a copied mark"),
    ],
)
def test_the_status_of_a_row(
    target: dict[str, str],
    live: dict[str, str],
    judgement: Judgement,
    expected: SyncStatusCode | None,
) -> None:
    (pair,) = paired([manifest(annotations=target)], [manifest(annotations=live)])

    assert resource_row(pair, judgement).status is expected


def test_a_row_carries_what_the_status_shows() -> None:
    health = HealthStatus(status=HealthStatusCode.HEALTHY)
    (pair,) = paired([manifest()], [manifest()])

    row = resource_row(
        pair,
        Judgement(comparison=SAME, health=health, sync_wave=2, requires_deletion_confirmation=True),
    )

    assert row.key == ResourceKey("apps", "Deployment", "shop", "web")
    assert (row.version, row.health, row.sync_wave) == ("v1", health, 2)
    assert row.requires_deletion_confirmation


@pytest.mark.parametrize(
    ("live", "comparison", "expected"),
    [
        pytest.param({}, OTHER, True, id="one extra object counts"),
        pytest.param(
            {"argocd.argoproj.io/compare-options": "A=b, IgnoreExtraneous"},
            OTHER,
            False,
            id="unless it asks to be tolerated",
        ),
        pytest.param({"copy": ""}, OTHER, False, id="a copied mark does not count"),
    ],
)
def test_the_sync_status_of_the_application(
    live: dict[str, str], comparison: Comparison, expected: bool
) -> None:
    pairs = paired([manifest("same")], [manifest("same"), manifest("x", annotations=live)])
    judgements = [Judgement(comparison=SAME), Judgement(comparison=comparison)]

    behind = [is_behind(p, j) for p, j in zip(pairs, judgements, strict=True)]

    assert any(behind) is expected


def test_health_is_ignored_on_request() -> None:
    asked = manifest(annotations={"argocd.argoproj.io/ignore-healthcheck": "true"})

    assert is_health_ignored(asked)
    assert not is_health_ignored(manifest())


@pytest.mark.parametrize(
    ("kept", "status"),
    [
        pytest.param("", SyncStatusCode.OUT_OF_SYNC, id="to be pruned"),
        pytest.param(KEEP_POLICY, None, id="kept by Helm's policy"),
        pytest.param("no prune", SyncStatusCode.OUT_OF_SYNC, id="kept by Prune=false"),
    ],
)
def test_what_no_sync_may_delete_does_not_require_pruning(
    kept: str, status: SyncStatusCode | None
) -> None:
    (pair,) = paired([], [manifest()])

    row = resource_row(pair, Judgement(comparison=OTHER, kept=kept))

    assert (row.requires_pruning, row.status) == (not kept, status)
