"""The diff against a real API server: never a false OutOfSync, never a false Synced.

Runs against the server that TIPHYS_TEST_KUBECONFIG names, else against the sandbox.
"""

import os
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from tests.e2e.world import sandbox
from tiphys.engine.diff import (
    CompareMode,
    CompareSettings,
    Comparison,
    Verdict,
    compare,
    judge_prediction,
    judge_refusal,
)
from tiphys.engine.ignoring import compile_rules
from tiphys.engine.normalise import prepare_target
from tiphys.engine.tracking import TrackingPolicy, with_tracking
from tiphys.kube.apply import ApplyOptions, apply_resource
from tiphys.kube.client import KubeClient
from tiphys.kube.discovery import Discovery
from tiphys.kube.kubeconfig import load_kubeconfig
from tiphys.kube.transport import Transport
from tiphys.model.application import ResourceIgnoreDifferences
from tiphys.model.errors import ApiError
from tiphys.model.keys import GroupVersionKind, Manifest, gvk_of, key_of
from tiphys.model.labels import KUBECTL_CLIENT_SIDE_APPLY
from tiphys.structured.patches.json_patch import apply_json_patch
from tiphys.structured.schema import load_builtin_schema

pytestmark = pytest.mark.e2e

SETTINGS = CompareSettings()
CLIENT_SIDE = CompareSettings(mode=CompareMode.CLIENT_SIDE)
CASES = yaml.safe_load((Path(__file__).parent / "diff_truth.yaml").read_text())


@pytest.fixture(scope="module")
def kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    named = os.environ.get("TIPHYS_TEST_KUBECONFIG")
    if named:
        yield Path(named)
        return
    with sandbox(tmp_path_factory.mktemp("diff") / "sandbox") as path:
        yield path


@pytest.fixture
async def client(kubeconfig: Path) -> AsyncIterator[KubeClient]:
    transport = Transport(load_kubeconfig(kubeconfig))
    discovery = Discovery(transport)
    await discovery.refresh()
    yield KubeClient(transport, discovery)
    await transport.close()


@pytest.fixture
async def namespace(client: KubeClient) -> AsyncIterator[str]:
    name = f"diff-{uuid.uuid4().hex[:8]}"
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    await client.create(body)
    yield name
    await client.delete(GroupVersionKind("", "v1", "Namespace"), key_of(body))


class Case:
    """One manifest in one namespace, and what a person would change in it."""

    def __init__(self, case: dict[str, Any], namespace: str, client: KubeClient) -> None:
        manifest = case["manifest"]
        manifest = {**manifest, "metadata": {**manifest["metadata"], "namespace": namespace}}
        self.target = with_tracking(manifest, "app", namespace, TrackingPolicy())
        self.case, self.client = case, client

    async def apply(self, options: ApplyOptions | None = None) -> None:
        live = await self.live_or_none()
        await apply_resource(self.client, self.target, live, options or ApplyOptions())

    async def live_or_none(self) -> Manifest | None:
        key = key_of(self.target)
        preferred = self.client.discovery.preferred(key.group_kind)
        assert preferred is not None
        return await self.client.get(preferred.gvk, key.namespace, key.name)

    async def live(self) -> Manifest:
        found = await self.live_or_none()
        assert found is not None
        return found

    async def in_process(
        self, target: Manifest, settings: CompareSettings = SETTINGS
    ) -> Comparison:
        schema = load_builtin_schema().schema_for(gvk_of(target))
        return compare(target, await self.live(), settings, schema)

    async def judge(self, target: Manifest, settings: CompareSettings = SETTINGS) -> Comparison:
        """Return the verdict as the controller comes to it, asking the server where needed."""
        found = await self.in_process(target, settings)
        if found.verdict is not Verdict.ASK:
            return found
        try:
            prediction, _ = await self.client.apply(
                prepare_target(target), dryRun="All", fieldValidation="Strict"
            )
        except ApiError as err:
            return judge_refusal(found, err.what)
        key, gvk = key_of(target), gvk_of(target)
        live = await self.client.get(gvk, key.namespace, key.name)
        assert live is not None
        schema = load_builtin_schema().schema_for(gvk)
        return judge_prediction(target, live, prediction, settings, schema)

    def changed(self) -> Manifest:
        pointer, value = self.case["change"]
        return edited(self.target, {"op": "replace", "path": pointer, "value": value})

    def dropped(self) -> Manifest:
        pointers = [self.case["drop"], self.case.get("drop_also")]
        return edited(self.target, *({"op": "remove", "path": p} for p in pointers if p))

    async def edit_live(self, manager: str) -> None:
        """Change the live object as somebody with kubectl would."""
        pointer, value = self.case["change"]
        changed = prepare_target(
            edited(await self._live_in_version(), {"op": "add", "path": pointer, "value": value})
        )
        await self.client.patch(
            gvk_of(self.target), key_of(self.target), changed, fieldManager=manager
        )

    async def _live_in_version(self) -> Manifest:
        key = key_of(self.target)
        live = await self.client.get(gvk_of(self.target), key.namespace, key.name)
        assert live is not None
        if "stringData" in self.target:
            live = {**live, "stringData": dict(self.target["stringData"])}
        return live


def edited(manifest: Manifest, *operations: dict[str, Any]) -> Manifest:
    result: Manifest = apply_json_patch(manifest, list(operations))
    return result


@pytest.fixture(params=CASES, ids=[case["name"] for case in CASES])
def case(request: pytest.FixtureRequest, namespace: str, client: KubeClient) -> Case:
    return Case(request.param, namespace, client)


async def test_what_was_just_applied_is_synced(case: Case) -> None:
    await case.apply()

    found = await case.in_process(case.target)

    assert found.verdict is (Verdict.ASK if case.case.get("asks") else Verdict.SYNCED), found
    assert (await case.judge(case.target)).verdict is Verdict.SYNCED


async def test_a_change_in_git_is_seen(case: Case) -> None:
    await case.apply()

    found = await case.judge(case.changed())

    assert found.verdict is Verdict.OUT_OF_SYNC
    assert found.drifts


async def test_a_field_that_left_git_is_seen(case: Case) -> None:
    await case.apply()

    found = await case.judge(case.dropped())

    if case.case.get("drop_is_nothing"):
        assert found.verdict is Verdict.SYNCED, found
    else:
        assert found.verdict is Verdict.OUT_OF_SYNC


async def test_an_edit_in_the_cluster_is_seen_with_its_author(case: Case) -> None:
    await case.apply()
    await case.edit_live("kubectl-edit")

    found = await case.judge(case.target)

    assert found.verdict is Verdict.OUT_OF_SYNC
    if case.case.get("edit_is_removal"):
        assert {drift.live for drift in found.drifts} == {None}
    else:
        assert "kubectl-edit" in {drift.manager for drift in found.drifts}
    assert all(drift.changed_at for drift in found.drifts if drift.manager)


async def test_what_others_add_is_no_drift(case: Case) -> None:
    await case.apply()
    extra = {"metadata": {"annotations": {"example.com/added": "by somebody"}}}
    await case.client.patch(
        gvk_of(case.target), key_of(case.target), extra, fieldManager="somebody"
    )

    assert (await case.judge(case.target)).verdict is Verdict.SYNCED


async def test_client_side_apply_agrees(case: Case) -> None:
    await case.apply(ApplyOptions(client_side=True))

    assert (await case.judge(case.target, CLIENT_SIDE)).verdict is Verdict.SYNCED
    assert (await case.judge(case.changed(), CLIENT_SIDE)).verdict is Verdict.OUT_OF_SYNC
    wanted = Verdict.SYNCED if case.case.get("drop_is_nothing") else Verdict.OUT_OF_SYNC
    assert (await case.judge(case.dropped(), CLIENT_SIDE)).verdict is wanted


async def test_what_kubectl_applied_before_us_is_judged_as_a_sync_would_leave_it(
    case: Case,
) -> None:
    await case.apply(ApplyOptions(client_side=True, manager=KUBECTL_CLIENT_SIDE_APPLY))

    assert (await case.judge(case.target)).verdict is Verdict.SYNCED
    assert (await case.judge(case.changed())).verdict is Verdict.OUT_OF_SYNC
    wanted = Verdict.SYNCED if case.case.get("drop_is_nothing") else Verdict.OUT_OF_SYNC
    assert (await case.judge(case.dropped())).verdict is wanted


async def test_a_sync_settles_what_it_was_asked_to_settle(case: Case) -> None:
    await case.apply(ApplyOptions(client_side=True, manager=KUBECTL_CLIENT_SIDE_APPLY))
    case.target = case.dropped()
    await case.apply()

    assert (await case.judge(case.target)).verdict is Verdict.SYNCED


async def test_replicas_that_an_autoscaler_took_over_are_not_ours_any_more(
    namespace: str, client: KubeClient
) -> None:
    case = Case(CASES[0], namespace, client)
    await case.apply(ApplyOptions(client_side=True, manager=KUBECTL_CLIENT_SIDE_APPLY))
    key = key_of(case.target)
    await client.patch(
        gvk_of(case.target), key, {"spec": {"replicas": 7}}, fieldManager="autoscaler"
    )

    target = edited(case.target, {"op": "remove", "path": "/spec/replicas"})

    assert (await case.judge(target)).verdict is Verdict.SYNCED


async def test_elements_in_another_order_are_drift_where_order_is_kept(
    namespace: str, client: KubeClient
) -> None:
    case = Case(CASES[0], namespace, client)
    await case.apply()
    container = "/spec/template/spec/containers/0"
    env = list(reversed(case.target["spec"]["template"]["spec"]["containers"][0]["env"]))
    target = edited(case.target, {"op": "replace", "path": f"{container}/env", "value": env})

    before = await case.judge(target)
    case.target = target
    await case.apply()

    assert before.verdict is Verdict.OUT_OF_SYNC
    assert (await case.judge(target)).verdict is Verdict.SYNCED


async def test_equal_keys_are_compared_without_the_server_that_would_refuse_them(
    namespace: str, client: KubeClient
) -> None:
    case = Case(CASES[0], namespace, client)
    path = "/spec/template/spec/containers/0/env"
    env = [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]
    case.target = edited(case.target, {"op": "replace", "path": path, "value": env})
    await case.apply(ApplyOptions(client_side=True))

    same = await case.in_process(case.target)
    other = await case.in_process(
        edited(case.target, {"op": "replace", "path": f"{path}/1/value", "value": "3"})
    )

    assert (same.verdict, other.verdict) == (Verdict.SYNCED, Verdict.OUT_OF_SYNC)
    assert "equal keys" in same.note


async def test_ignored_fields_are_judged_by_nobody(namespace: str, client: KubeClient) -> None:
    case = Case(CASES[0], namespace, client)
    await case.apply()
    await client.patch(
        gvk_of(case.target), key_of(case.target), {"spec": {"replicas": 7}}, fieldManager="hpa"
    )
    by_pointer = ResourceIgnoreDifferences(
        kind="Deployment", group="apps", json_pointers=("/spec/replicas",)
    )
    by_manager = ResourceIgnoreDifferences(
        kind="Deployment", group="apps", managed_fields_managers=("hpa",)
    )

    verdicts = []
    for entry in (by_pointer, by_manager):
        rules, _ = compile_rules([entry], lambda _expression: lambda manifest: manifest)
        settings = msgspec.structs.replace(SETTINGS, ignore=rules)
        verdicts.append((await case.judge(case.target, settings)).verdict)

    assert verdicts == [Verdict.SYNCED, Verdict.SYNCED]
    assert (await case.judge(case.target)).verdict is Verdict.OUT_OF_SYNC
