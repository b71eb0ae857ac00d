"""Defects that the group on lists must notice."""

from typing import Any

from tests.contract.planted import noticed_by
from tiphys.sandbox.http import lists
from tiphys.sandbox.http.selectors import EVERYTHING, Selector
from tiphys.sandbox.storage.store import Store
from tiphys.sandbox.typed.kinds import Kind


@noticed_by("test_pages_are_of_one_state_of_the_collection")
def pages_are_of_different_states() -> None:
    def current(self: Store, collection: Any, namespace: str, version: int) -> Any:
        return self.all(collection, namespace)

    Store.at = current  # type: ignore[method-assign]


@noticed_by("test_a_label_selector_chooses[n=1-1]")
def selectors_choose_everything() -> None:
    def everything(kind: Kind, labels: str, fields: str) -> Selector:
        return EVERYTHING

    lists.parse_selectors = everything  # type: ignore[attr-defined]
