"""Which account a sync acts as."""

import pytest

from tiphys.engine.impersonation import acting_user, no_account
from tiphys.model.errors import InvalidInputError
from tiphys.model.project import AppProjectSpec, DestinationServiceAccount

SERVER = "https://one.example"


def _project(*entries: tuple[str, str, str]) -> AppProjectSpec:
    return AppProjectSpec(
        destination_service_accounts=tuple(
            DestinationServiceAccount(
                server=server, namespace=namespace, default_service_account=sa
            )
            for server, namespace, sa in entries
        )
    )


@pytest.mark.parametrize(
    ("project", "expected"),
    [
        pytest.param(_project((SERVER, "shop", "sa")), "shop:sa", id="in the destination"),
        pytest.param(_project((SERVER, "shop", "ops:sa")), "ops:sa", id="in another namespace"),
        pytest.param(_project(("*", "sh*", "sa")), "shop:sa", id="by globs"),
        pytest.param(
            _project(("*", "other", "no"), ("*", "*", "a"), (SERVER, "shop", "b")),
            "shop:a",
            id="the first match",
        ),
    ],
)
def test_acting_user(project: AppProjectSpec, expected: str) -> None:
    assert acting_user(project, SERVER, "shop") == f"system:serviceaccount:{expected}"


def test_nobody_is_named_for_another_destination() -> None:
    assert acting_user(_project((SERVER, "other", "sa")), SERVER, "shop") is None
    assert no_account(SERVER, "shop").what == (
        f"no matching service account found for destination server {SERVER} and namespace shop"
    )


@pytest.mark.parametrize("account", ["", "a:b:c", ":sa", "s*"])
def test_what_is_no_account_is_refused(account: str) -> None:
    with pytest.raises(InvalidInputError, match="default service account contains invalid chars"):
        acting_user(_project((SERVER, "shop", account)), SERVER, "shop")
