"""Defects that the group on random sequences of writes must notice."""

from typing import Any

from tests.contract.planted import noticed_by
from tiphys.sandbox.registry import writing


@noticed_by("test_recorded_writes_are_answered_as_a_real_server_did")
def every_write_is_of_one_manager() -> None:
    write = writing.Write.field_writer

    def nameless(self: Any, *kinds: Any) -> Any:
        return write(self, *kinds)._replace(manager="somebody")

    writing.Write.field_writer = nameless  # type: ignore[method-assign, assignment]


@noticed_by("test_recorded_writes_are_answered_as_a_real_server_did")
def annotations_make_no_generation() -> None:
    def bare(manifest: Any, kind: Any) -> Any:
        del kind
        return {k: v for k, v in manifest.items() if k not in {"metadata", "status"}}

    writing._intent = bare
