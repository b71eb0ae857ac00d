"""Defects that the group on tokens must notice."""

from typing import Any

from tests.contract.planted import noticed_by
from tiphys.sandbox.access.tokens import Tokens


@noticed_by("test_a_token_ends_with_its_account")
def tokens_outlive_their_accounts() -> None:
    def lenient(self: Tokens, plural: str, namespace: str, meant: Any) -> None:
        """Take every holder for alive."""

    Tokens._check = lenient  # type: ignore[method-assign]
