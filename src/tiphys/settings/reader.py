"""Reads typed values out of the strings of a ConfigMap, and collects what cannot be read."""

import math
from collections.abc import Callable, Mapping
from typing import TypeVar

import msgspec
import yaml

from tiphys.model.errors import InvalidInputError
from tiphys.settings.durations import parse_duration

_T = TypeVar("_T")


class Reader:
    """Reads typed values out of a ConfigMap's strings and collects what does not parse."""

    def __init__(self, source: str, data: Mapping[str, str]) -> None:
        self.source, self.data = source, data
        self.problems: list[str] = []

    def read(self, key: str, default: _T, parse: Callable[[str], _T]) -> _T:
        """Return a value, or `default` when it is empty or cannot be read."""
        text = self.data.get(key, "")
        if not text.strip():
            return default
        try:
            return parse(text)
        except (ValueError, yaml.YAMLError, InvalidInputError) as err:
            what = err.line if isinstance(err, InvalidInputError) else str(err)
            self.problems.append(f"{self.source}: {key}: {' '.join(what.split())}")
            return default

    def text(self, key: str, default: str = "") -> str:
        """Return a text without the space around it."""
        return self.data.get(key, "").strip() or default

    def flag(self, key: str, *, default: bool) -> bool:
        """Return what must be `true` or `false`."""
        return self.read(key, default, _parse_flag)

    def seconds(self, key: str, default: float) -> float:
        """Return a duration in seconds."""
        return self.read(key, default, lambda text: parse_duration(text, where=key))

    def number(self, key: str, default: float) -> float:
        """Return a finite number."""
        return self.read(key, default, parse_number)

    def at_least(self, key: str, default: float, least: float) -> float:
        """Return a number that must not be smaller than `least`."""
        return self.read(key, default, lambda text: _parse_at_least(text, least))

    def names(self, key: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Return the parts of a list divided by commas."""
        return self.read(
            key,
            default,
            lambda text: tuple(part.strip() for part in text.split(",") if part.strip()),
        )

    def string_list(self, key: str) -> tuple[str, ...]:
        """Return what must be a YAML list of strings."""
        nothing: tuple[str, ...] = ()
        return self.read(
            key, nothing, lambda text: msgspec.convert(yaml.safe_load(text), tuple[str, ...])
        )

    def family(self, prefix: str) -> dict[str, str]:
        """Return all settings whose name begins with a prefix, under the rest of their names."""
        return {
            key.removeprefix(prefix): text.strip()
            for key, text in self.data.items()
            if key.startswith(prefix)
        }


def _parse_flag(text: str) -> bool:
    word = text.strip().lower()
    if word not in {"true", "false"}:
        raise ValueError(f"expected `true` or `false`, got `{text}`")
    return word == "true"


def parse_number(text: str) -> float:
    """Return a finite number; ValueError says that it is none."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"expected a number, got `{text[:64]}`")
    return number


def _parse_at_least(text: str, least: float) -> float:
    number = parse_number(text)
    if number < least:
        raise ValueError(f"expected {least:g} or more, got `{text.strip()}`")
    return number
