"""Protected repositories admit those who know the password."""

import base64
from pathlib import Path

import pytest

from tiphys.sandbox.git.accounts import is_admitted, protect


def _basic(credentials: str) -> str:
    return "Basic " + base64.b64encode(credentials.encode()).decode()


@pytest.mark.parametrize(
    ("authorization", "admitted"),
    [
        pytest.param(_basic("ann:open: sesame"), True, id="name and password are right"),
        pytest.param(_basic("ann:wrong"), False, id="the password is wrong"),
        pytest.param(_basic("bob:open: sesame"), False, id="the name is unknown"),
        pytest.param("", False, id="nothing is said"),
        pytest.param("Basic !!!", False, id="the header is not base64"),
        pytest.param("Bearer abc", False, id="another scheme"),
    ],
)
def test_a_protected_repository(tmp_path: Path, authorization: str, *, admitted: bool) -> None:
    protect(tmp_path, "ann", "open: sesame")
    assert is_admitted(tmp_path, authorization) is admitted


def test_an_unprotected_repository_admits_everybody(tmp_path: Path) -> None:
    assert is_admitted(tmp_path, "")


def test_the_password_is_not_kept(tmp_path: Path) -> None:
    protect(tmp_path, "ann", "open: sesame")
    assert "sesame" not in (tmp_path / "users.json").read_text()
