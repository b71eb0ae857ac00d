"""What was delivered is written down, however often others write the Application meanwhile."""

from typing import Any

from tiphys.engine.notifications.state import DeliveryState, Failure, read_state
from tiphys.kube.informer import Informer
from tiphys.model.errors import ApiError
from tiphys.notifications.ledger import Ledger


class Server:
    """Takes patches of one Application; conflicts as often as it is told to."""

    def __init__(self, conflicts: int = 0) -> None:
        self.applications = Informer(None, None)  # type: ignore[arg-type]  # fed by hand
        self.conflicts = conflicts
        self.patches: list[dict[str, Any]] = []
        self.app: dict[str, Any] = {
            "metadata": {
                "namespace": "argocd", "name": "shop", "uid": "u", "resourceVersion": "1",
                "annotations": {"kept": "yes"},
            }
        }  # fmt: skip
        self.applications.changed("ADDED", self.app)

    def write(self, annotations: dict[str, Any]) -> dict[str, Any]:
        metadata = self.app["metadata"]
        merged = {**metadata["annotations"], **annotations}
        kept = {name: value for name, value in merged.items() if value is not None}
        version = str(int(metadata["resourceVersion"]) + 1)
        self.app = {"metadata": {**metadata, "annotations": kept, "resourceVersion": version}}
        return self.app

    async def patch(self, gvk: Any, key: Any, patch: Any, **params: str) -> Any:
        assert params == {"fieldManager": "argocd-notifications-controller"}
        if self.conflicts:
            self.conflicts -= 1
            self.applications.changed("MODIFIED", self.write({"other": "changed"}))
            raise ApiError("changed meanwhile", code=409)
        assert patch["metadata"]["resourceVersion"] == self.app["metadata"]["resourceVersion"]
        self.patches.append(patch)
        return self.write(patch["metadata"]["annotations"])

    @property
    def state(self) -> DeliveryState:
        return read_state(self.app["metadata"]["annotations"])


async def test_news_count_before_they_are_written() -> None:
    server = Server()
    ledger = Ledger(server, server.applications)  # type: ignore[arg-type]
    ledger.note(server.app, sent={"k": 5})

    assert ledger.state(server.app).sent == {"k": 5}
    assert server.patches == []
    await ledger.flush()
    assert server.state.sent == {"k": 5}
    assert server.app["metadata"]["annotations"]["kept"] == "yes"


async def test_a_conflict_is_tried_again_on_what_is_there_now() -> None:
    server = Server(conflicts=2)
    ledger = Ledger(server, server.applications)  # type: ignore[arg-type]
    ledger.note(server.app, sent={"k": 5})
    await ledger.flush()

    assert server.state.sent == {"k": 5}
    assert server.app["metadata"]["annotations"]["other"] == "changed"


async def test_many_news_are_few_writes_and_none_is_lost() -> None:
    server = Server()
    ledger = Ledger(server, server.applications)  # type: ignore[arg-type]
    for number in range(50):
        ledger.note(server.app, sent={f"k{number}": number})
    ledger.note(server.app, failed={"bad": Failure(at=1, attempts=1, error="why")})
    ledger.note(server.app, forgotten=["k0"])
    await ledger.flush()

    assert len(server.patches) <= 2
    assert set(server.state.sent) == {f"k{number}" for number in range(1, 50)}
    assert server.state.failed == {"bad": Failure(at=1, attempts=1, error="why")}


async def test_what_says_nothing_new_is_not_written() -> None:
    server = Server()
    ledger = Ledger(server, server.applications)  # type: ignore[arg-type]
    ledger.note(server.app, forgotten=["unknown"])
    await ledger.flush()

    assert server.patches == []


async def test_an_application_that_is_gone_is_forgotten() -> None:
    server = Server()
    ledger = Ledger(server, server.applications)  # type: ignore[arg-type]
    server.applications.changed("DELETED", server.app)
    ledger.note(server.app, sent={"k": 5})
    await ledger.flush()

    assert server.patches == []
    assert not ledger.is_busy
