"""Reads the tables in data/."""

from functools import cache
from importlib import resources
from typing import Any

import yaml


@cache
def load_table(name: str) -> dict[str, Any]:
    """Return the table in data/NAME.yaml; shared, so never to be changed."""
    text = (resources.files("tiphys.sandbox.data") / f"{name}.yaml").read_text()
    document: dict[str, Any] = yaml.load(text, Loader=yaml.CSafeLoader)
    return document
