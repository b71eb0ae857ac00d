from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.engine.sync.builders import manifest
from tiphys.engine.sync.options import PrunePolicy, SyncOptions, parse_options, resource_options


@pytest.mark.parametrize(
    ("option", "fields"),
    [
        pytest.param("Validate=false", {"validate": False}, id="Validate"),
        pytest.param("Prune=false", {"prune": PrunePolicy.KEPT}, id="Prune=false"),
        pytest.param("Prune=confirm", {"prune": PrunePolicy.CONFIRM}, id="Prune=confirm"),
        pytest.param("Delete=false", {"delete": PrunePolicy.KEPT}, id="Delete=false"),
        pytest.param("Delete=confirm", {"delete": PrunePolicy.CONFIRM}, id="Delete=confirm"),
        pytest.param("PruneLast=true", {"prune_last": True}, id="PruneLast"),
        pytest.param(
            "PrunePropagationPolicy=background", {"propagation": "Background"}, id="background"
        ),
        pytest.param("PrunePropagationPolicy=orphan", {"propagation": "Orphan"}, id="orphan"),
        pytest.param("PrunePropagationPolicy=foreground", {}, id="foreground is the default"),
        pytest.param("Replace=true", {"replace": True}, id="Replace"),
        pytest.param("Force=true", {"force": True}, id="Force"),
        pytest.param("ServerSideApply=true", {"server_side": True}, id="ServerSideApply"),
        pytest.param("ServerSideApply=false", {"server_side": False}, id="no ServerSideApply"),
        pytest.param("ClientSideApplyMigration=false", {"migrates": False}, id="no migration"),
        pytest.param("ApplyOutOfSyncOnly=true", {"apply_out_of_sync_only": True}, id="OutOfSync"),
        pytest.param(
            "RespectIgnoreDifferences=true", {"respect_ignore_differences": True}, id="respect"
        ),
        pytest.param("CreateNamespace=true", {"create_namespace": True}, id="CreateNamespace"),
        pytest.param(
            "FailOnSharedResource=true", {"fail_on_shared_resource": True}, id="shared resource"
        ),
        pytest.param(
            "SkipDryRunOnMissingResource=true",
            {"skip_dry_run_on_missing_resource": True},
            id="missing resource",
        ),
        pytest.param(" Replace=true ", {"replace": True}, id="blanks around it"),
        pytest.param("Prune=garbage", {}, id="a word that nobody knows"),
        pytest.param("replace=true", {}, id="names are case-sensitive"),
        pytest.param("Replace", {}, id="no value"),
        pytest.param("Unknown=true", {}, id="an option that nobody knows"),
    ],
)
def test_an_option_says(option: str, fields: dict[str, object]) -> None:
    assert parse_options([option]) == SyncOptions(**fields)  # type: ignore[arg-type]


def test_of_two_contrary_options_the_later_one_wins() -> None:
    """An operation's own options stand behind those of the Application."""
    assert parse_options(["Prune=false", "Prune=true"]).prune is PrunePolicy.ALLOWED


APP = SyncOptions()


@pytest.mark.parametrize(
    ("app", "target", "live", "field", "expected"),
    [
        pytest.param(APP, "Validate=false", None, "validate", False, id="Validate"),
        pytest.param(
            SyncOptions(validate=False), "", "", "validate", False, id="Validate of the app"
        ),
        pytest.param(APP, "Prune=false", "", "prune", PrunePolicy.KEPT, id="Prune"),
        pytest.param(APP, None, "Prune=false", "prune", PrunePolicy.KEPT, id="Prune of live"),
        pytest.param(
            SyncOptions(prune=PrunePolicy.KEPT),
            None,
            "Prune=true",
            "prune",
            PrunePolicy.ALLOWED,
            id="a resource may be pruned though the app says no",
        ),
        pytest.param(APP, None, "Delete=false", "delete", PrunePolicy.KEPT, id="Delete"),
        pytest.param(
            SyncOptions(delete=PrunePolicy.CONFIRM),
            None,
            "Delete=true",
            "delete",
            PrunePolicy.ALLOWED,
            id="a resource may be deleted though the app asks",
        ),
        pytest.param(APP, None, "PruneLast=true", "prune_last", True, id="PruneLast of live"),
        pytest.param(APP, "PruneLast=true", "", "prune_last", False, id="not of the target"),
        pytest.param(APP, "Replace=true", "", "replace", True, id="Replace of the target"),
        pytest.param(APP, "", "Replace=true", "replace", True, id="Replace of live"),
        pytest.param(
            SyncOptions(replace=True), "Replace=false", "", "replace", True, id="cannot be undone"
        ),
        pytest.param(APP, "Force=true", None, "force", True, id="Force of the target"),
        pytest.param(APP, "", "Force=true", "force", True, id="Force of live"),
        pytest.param(APP, "ServerSideApply=true", "", "server_side", True, id="ServerSideApply"),
        pytest.param(
            SyncOptions(server_side=True),
            "ServerSideApply=false",
            "",
            "server_side",
            False,
            id="a resource may leave it",
        ),
        pytest.param(
            APP,
            "ServerSideApply=false,ServerSideApply=true",
            "",
            "server_side",
            False,
            id="false wins",
        ),
        pytest.param(
            APP,
            "SkipDryRunOnMissingResource=true",
            None,
            "skip_dry_run_on_missing_resource",
            True,
            id="missing resource",
        ),
    ],
)
def test_a_resource_speaks_for_itself(
    app: SyncOptions, target: str | None, live: str | None, field: str, expected: object
) -> None:
    pair = [
        None if text is None else manifest("one", **_sync_options(text)) for text in (target, live)
    ]

    assert getattr(resource_options(app, *pair), field) == expected


def _sync_options(text: str) -> dict[str, Any]:
    return {"sync_options": text} if text else {}


@given(st.lists(st.sampled_from(["Prune=false", "Replace=true", "Validate=false", "x", "a=b=c"])))
def test_options_on_a_resource_change_only_what_they_name(options: list[str]) -> None:
    found = resource_options(APP, manifest("one", sync_options=",".join(options)), None)

    assert found.replace is ("Replace=true" in options)
    assert found.validate is ("Validate=false" not in options)
    assert (found.prune is PrunePolicy.KEPT) is ("Prune=false" in options)
    assert found.propagation == APP.propagation
