"""Defects that the group on versions must notice."""

from tests.contract.planted import noticed_by
from tiphys.sandbox.typed import versions
from tiphys.structured.versions import Versions


@noticed_by(
    "test_an_object_reads_in_another_version_as_on_a_real_server[an autosca"
    "ler with several metrics, read in its older version]"
)
def metrics_are_lost() -> None:
    versions._SPECIFIC["Pods"] = "external"


@noticed_by("test_an_update_beside_such_an_owner_counts_and_has_no_owner")
def owners_are_all_of_one_version() -> None:
    Versions.view = lambda _self, manifest, _api_version: manifest  # type: ignore[method-assign, assignment]
