"""Defects that the group on versions must notice."""

from tiphys.sandbox import versions


def metrics_are_lost() -> None:
    versions._SPECIFIC["Pods"] = "external"
