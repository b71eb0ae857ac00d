import asyncio
from datetime import UTC, datetime
from typing import cast

import pytest

from tiphys.delivery.clusters import Clusters, OpenCluster
from tiphys.kube.client import KubeClient
from tiphys.kube.live_cache import LiveCache
from tiphys.model.cluster import ClusterRecord
from tiphys.model.errors import ClusterAwayError, ClusterError, InvalidInputError

FIRST = ClusterRecord(server="https://one", name="one", version="1")
SECOND = ClusterRecord(server="https://one", name="one", version="2")


class Opening:
    """Opens clusters that stand for nothing, once it may."""

    def __init__(self) -> None:
        self.may_go = asyncio.Event()
        self.asked: list[str] = []
        self.closed: list[str] = []

    async def open(self, record: ClusterRecord) -> OpenCluster:
        self.asked.append(record.version)
        await self.may_go.wait()

        async def close() -> None:
            self.closed.append(record.version)

        # Nobody looks into it here.
        client, cache = cast("KubeClient", None), cast("LiveCache", None)
        return OpenCluster(record=record, client=client, cache=cache, close=close)


async def test_who_waits_for_a_cluster_that_changes_meanwhile_gets_it_as_it_is_now() -> None:
    opening = Opening()
    clusters = Clusters(opening.open)
    await clusters.update((FIRST,))
    waiting = [asyncio.create_task(clusters.open(FIRST)) for _ in range(3)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)

    await clusters.update((SECOND,))
    opening.may_go.set()

    assert {opened.record.version for opened in await asyncio.gather(*waiting)} == {"2"}
    assert opening.asked == ["1", "2"]
    await clusters.close()
    assert opening.closed == ["2"]


async def test_who_waits_for_a_cluster_that_is_taken_away_is_told() -> None:
    opening = Opening()
    clusters = Clusters(opening.open)
    await clusters.update((FIRST,))
    waiting = asyncio.create_task(clusters.open(FIRST))
    await asyncio.sleep(0)
    await asyncio.sleep(0)

    await clusters.update(())

    with pytest.raises(InvalidInputError, match='cluster "https://one" not found'):
        await waiting


async def test_who_stops_waiting_stops_nobody_else() -> None:
    opening = Opening()
    clusters = Clusters(opening.open)
    await clusters.update((FIRST,))
    leaving, staying = (asyncio.create_task(clusters.open(FIRST)) for _ in range(2))
    await asyncio.sleep(0)

    leaving.cancel()
    opening.may_go.set()

    assert (await staying).record == FIRST
    await clusters.close()


class Failing:
    """Opens a cluster after some failures.

    Attributes:
        errors: what each attempt fails with; when there are none left it succeeds.
    """

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.attempts = 0

    async def open(self, record: ClusterRecord) -> OpenCluster:
        self.attempts += 1
        await asyncio.sleep(0)
        if self.errors:
            raise self.errors.pop(0)
        return await _ready().open(record)


def _ready() -> Opening:
    opening = Opening()
    opening.may_go.set()
    return opening


def _clusters(opening: Failing, first_pause_s: float = 0.01) -> Clusters:
    def clock() -> datetime:
        return datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

    return Clusters(opening.open, clock=clock, first_pause_s=first_pause_s)


def _unreachable(why: str = "no route") -> ClusterError:
    return ClusterError(f"the cluster cannot be reached: {why}", where="https://one")


async def test_who_asks_for_a_cluster_that_is_away_is_told_at_once_and_since_when() -> None:
    opening = Failing(*(_unreachable() for _ in range(9)))
    clusters = _clusters(opening, first_pause_s=60)
    await clusters.update((FIRST,))

    told = set()
    for _ in range(5):
        try:
            await clusters.open(FIRST)
        except ClusterAwayError as err:
            told.add(err.line)

    assert opening.attempts == 1
    assert told == {
        "https://one: the cluster cannot be reached: no route (since 2026-01-02T03:04:05Z)"
    }
    await clusters.close()


async def test_a_cluster_that_is_away_is_tried_again_and_its_coming_back_is_told() -> None:
    opening = Failing(*(_unreachable() for _ in range(3)))
    clusters, told = _clusters(opening), asyncio.Queue[str]()
    clusters.subscribe(told.put_nowait)
    await clusters.update((FIRST,))
    with pytest.raises(ClusterAwayError):
        await clusters.open(FIRST)

    assert await told.get() == "https://one"

    assert opening.attempts == 4
    assert told.empty()
    assert (await clusters.open(FIRST)).record == FIRST
    await clusters.close()


async def test_the_pause_between_attempts_grows() -> None:
    opening = Failing(*(_unreachable() for _ in range(99)))
    clusters = _clusters(opening, first_pause_s=0.02)
    await clusters.update((FIRST,))
    with pytest.raises(ClusterAwayError):
        await clusters.open(FIRST)

    await asyncio.sleep(0.5)

    assert 3 <= opening.attempts <= 6  # after 0, 0.02, 0.06, 0.14, 0.3 and 0.62 s
    await clusters.close()


async def test_a_new_reason_is_told_too() -> None:
    opening = Failing(_unreachable(), _unreachable(), _unreachable("refused"), _unreachable())
    clusters, told = _clusters(opening), asyncio.Queue[str]()
    clusters.subscribe(told.put_nowait)
    await clusters.update((FIRST,))
    with pytest.raises(ClusterAwayError):
        await clusters.open(FIRST)

    await told.get()

    with pytest.raises(ClusterAwayError, match="refused"):
        await clusters.open(FIRST)
    await clusters.close()


async def test_a_changed_secret_is_tried_at_once() -> None:
    opening = Failing(_unreachable())
    clusters = _clusters(opening, first_pause_s=60)
    await clusters.update((FIRST,))
    with pytest.raises(ClusterAwayError):
        await clusters.open(FIRST)

    await clusters.update((SECOND,))

    assert (await clusters.open(SECOND)).record == SECOND
    await clusters.close()


async def test_credentials_that_cannot_be_used_are_told_as_they_are() -> None:
    opening = Failing(*(InvalidInputError("caData: not base64") for _ in range(9)))
    clusters = _clusters(opening, first_pause_s=60)
    await clusters.update((FIRST,))

    for _ in range(2):
        with pytest.raises(InvalidInputError, match=r"^caData: not base64$"):
            await clusters.open(FIRST)
    assert opening.attempts == 1
    await clusters.close()


async def test_an_opening_that_crashes_is_logged_and_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clusters = _clusters(Failing(KeyError("a bug")), first_pause_s=60)
    await clusters.update((FIRST,))

    with pytest.raises(ClusterAwayError, match="it cannot be opened: KeyError"):
        await clusters.open(FIRST)

    assert "opening a cluster crashed" in caplog.text
    await clusters.close()
