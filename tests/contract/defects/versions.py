"""Defects that the group on versions must notice."""

from tests.contract.planted import noticed_by
from tiphys.sandbox import versions


@noticed_by(
    "test_an_object_reads_in_another_version_as_on_a_real_server[an autosca"
    "ler with several metrics, read in its older version]"
)
def metrics_are_lost() -> None:
    versions._SPECIFIC["Pods"] = "external"
