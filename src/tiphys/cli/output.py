"""Prints what a command found, as text or as data."""

from typing import Any

import orjson
from click import echo

from tiphys.cli.yaml_text import yaml_text
from tiphys.model.keys import Manifest


def _without_managed_fields(manifest: Manifest) -> Manifest:
    metadata = {k: v for k, v in manifest["metadata"].items() if k != "managedFields"}
    return {**manifest, "metadata": metadata}


def show(found: Manifest | list[Manifest], output: str, text: str) -> None:
    """Print manifests in the form that was asked for; `text` is the form for people."""
    listed = found if isinstance(found, list) else [found]
    shown: Any = [_without_managed_fields(manifest) for manifest in listed]
    shown = shown if isinstance(found, list) else shown[0]
    if output == "json":
        echo(orjson.dumps(shown, option=orjson.OPT_INDENT_2).decode())
    elif output == "yaml":
        echo(yaml_text(shown).rstrip())
    elif output == "name":
        echo("\n".join(f"{m['metadata']['namespace']}/{m['metadata']['name']}" for m in listed))
    else:
        echo(text)


def show_records(records: list[dict[str, Any]], output: str, text: str) -> None:
    """Print records that are no manifests in the form that was asked for."""
    if output == "json":
        echo(orjson.dumps(records, option=orjson.OPT_INDENT_2).decode())
    elif output == "yaml":
        echo(yaml_text(records).rstrip())
    else:
        echo(text)
