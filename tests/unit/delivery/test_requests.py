"""The patches by which people ask for syncs, rollbacks and deletions."""

from typing import Any

import pytest

from tiphys.delivery.requests import (
    SyncRequest,
    finalizer_patch,
    rollback_patch,
    sync_patch,
    terminate_patch,
)
from tiphys.model.errors import InvalidInputError, NotFoundError, TiphysError

FINALIZER = "resources-finalizer.argocd.argoproj.io"
TWO_SOURCES = {"sources": [{"targetRevision": "v1"}, {"path": "x"}]}


def application(**more: Any) -> dict[str, Any]:
    metadata = {"name": "web", "namespace": "argocd", "resourceVersion": "7"}
    return {"metadata": metadata | more.pop("metadata", {}), "spec": {}, **more}


def asked(spec: dict[str, Any], request: SyncRequest) -> dict[str, Any]:
    patch = sync_patch(application(spec=spec), request, "ann")
    operation: dict[str, Any] = patch["operation"]
    assert patch["metadata"] == {"resourceVersion": "7"}
    assert operation["initiatedBy"] == {"username": "ann"}
    return operation


SYNCS = {
    "nothing more than a sync": ({}, SyncRequest(), {"syncStrategy": {"hook": {}}}),
    "prune and dry run": (
        {},
        SyncRequest(prune=True, dry_run=True),
        {"prune": True, "dryRun": True, "syncStrategy": {"hook": {}}},
    ),
    "force without hooks": (
        {},
        SyncRequest(force=True, strategy="apply"),
        {"syncStrategy": {"apply": {"force": True}}},
    ),
    "the policy's options, but for those of the request": (
        {"syncPolicy": {"syncOptions": ["Validate=false", "Replace=false"]}},
        SyncRequest(sync_options=("Replace=true",)),
        {"syncStrategy": {"hook": {}}, "syncOptions": ["Validate=false", "Replace=true"]},
    ),
    "a revision": (
        {"source": {}},
        SyncRequest(revisions=("v2",)),
        {"syncStrategy": {"hook": {}}, "revision": "v2"},
    ),
    "a revision of the second of two sources": (
        TWO_SOURCES,
        SyncRequest(revisions=("v9",), positions=(2,)),
        {"syncStrategy": {"hook": {}}, "revisions": ["v1", "v9"]},
    ),
}


@pytest.mark.parametrize(("spec", "request_", "sync"), SYNCS.values(), ids=SYNCS)
def test_a_sync_asks_for(spec: dict[str, Any], request_: SyncRequest, sync: Any) -> None:
    assert asked(spec, request_)["sync"] == sync


def test_a_sync_retries_as_the_policy_says_unless_the_request_says_otherwise() -> None:
    spec = {"syncPolicy": {"retry": {"limit": 3}}}

    assert asked(spec, SyncRequest())["retry"] == {"limit": 3}
    assert asked(spec, SyncRequest(retry={"limit": -1}))["retry"] == {"limit": -1}


REFUSED = {
    "while an operation is in progress": (
        application(operation={"sync": {}}),
        SyncRequest(),
        "already in progress",
    ),
    "while the application is being deleted": (
        application(metadata={"deletionTimestamp": "2026-01-01T00:00:00Z"}),
        SyncRequest(),
        "is deleting",
    ),
    "a revision without a position for several sources": (
        application(spec=TWO_SOURCES),
        SyncRequest(revisions=("v1",)),
        "several sources",
    ),
    "a position that there is not": (
        application(spec=TWO_SOURCES),
        SyncRequest(revisions=("v1",), positions=(3,)),
        "`3` is not one of 1 to 2",
    ),
    "fewer revisions than positions": (
        application(spec=TWO_SOURCES),
        SyncRequest(revisions=("v1",), positions=(1, 2)),
        "differ",
    ),
}


@pytest.mark.parametrize(("app", "request_", "message"), REFUSED.values(), ids=REFUSED)
def test_a_sync_is_refused(app: Any, request_: SyncRequest, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        sync_patch(app, request_, "ann")


HISTORY = [
    {"id": 3, "revision": "aaa", "source": {"path": "a"}, "deployedAt": "..."},
    {"id": 4, "revision": "bbb", "source": {"path": "b"}, "deployedAt": "..."},
]


@pytest.mark.parametrize(("history_id", "revision"), [(None, "aaa"), (3, "aaa"), (4, "bbb")])
def test_a_rollback_asks_for_the_revision_and_source_of_its_entry(
    history_id: int | None, revision: str
) -> None:
    app = application(status={"history": HISTORY})

    patch = rollback_patch(app, history_id, "ann", prune=True, dry_run=False)

    assert patch["operation"]["sync"] == {
        "revision": revision,
        "source": {"path": revision[0]},
        "syncStrategy": {"apply": {}},
        "prune": True,
    }


@pytest.mark.parametrize(
    ("app", "history_id", "error"),
    [
        (application(), None, NotFoundError),
        (application(status={"history": HISTORY}), 9, NotFoundError),
        (
            application(spec={"syncPolicy": {"automated": {}}}, status={"history": HISTORY}),
            3,
            InvalidInputError,
        ),
    ],
    ids=["deployed never", "no such entry", "automated sync would undo it"],
)
def test_a_rollback_is_refused(app: Any, history_id: int | None, error: type[TiphysError]) -> None:
    with pytest.raises(error):
        rollback_patch(app, history_id, "ann", prune=False, dry_run=False)


def test_automated_sync_that_is_disabled_does_not_stop_a_rollback() -> None:
    spec = {"syncPolicy": {"automated": {"enabled": False}}}
    app = application(spec=spec, status={"history": HISTORY})

    assert rollback_patch(app, None, "ann", prune=False, dry_run=False)["operation"]


def test_only_a_running_operation_can_be_terminated() -> None:
    running = application(operation={}, status={"operationState": {"phase": "Running"}})
    running["operation"] = {"sync": {}}

    assert terminate_patch(running) == {"status": {"operationState": {"phase": "Terminating"}}}
    with pytest.raises(InvalidInputError, match="no operation is in progress"):
        terminate_patch(application(status={"operationState": {"phase": "Succeeded"}}))


@pytest.mark.parametrize(
    ("cascade", "propagation", "wanted"),
    [
        (True, "foreground", ["other", FINALIZER]),
        (True, "background", ["other", f"{FINALIZER}/background"]),
        (False, "foreground", ["other"]),
    ],
)
def test_deleting_keeps_the_finalizers_of_others(
    cascade: bool, propagation: str, wanted: list[str]
) -> None:
    app = application(metadata={"finalizers": ["other", FINALIZER]})

    patch = finalizer_patch(app, cascade=cascade, propagation=propagation)

    assert patch["metadata"]["finalizers"] == wanted
