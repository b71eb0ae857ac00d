"""Defects that the group on random sequences of writes must notice."""

from typing import Any

from tiphys.sandbox import writing


def every_write_is_of_one_manager() -> None:
    write = writing.Write.field_writer

    def nameless(self: Any, kind: Any) -> Any:
        return write(self, kind)._replace(manager="somebody")

    writing.Write.field_writer = nameless  # type: ignore[method-assign]


def annotations_make_no_generation() -> None:
    def bare(manifest: Any, kind: Any) -> Any:
        del kind
        return {k: v for k, v in manifest.items() if k not in {"metadata", "status"}}

    writing._intent = bare


def nulls_of_an_apply_vanish() -> None:
    writing.Write.is_apply = property(lambda _: False, lambda *_: None)  # type: ignore[assignment]
