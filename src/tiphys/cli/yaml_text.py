"""YAML as kubectl writes and reads it: whatever else a text could be read as, it stays a text.

Readers differ in what they take for a number or a boolean (`y`, `1e3`, `0o17`, `12:30`), so a text
is quoted that any of them might take for something else. Texts of several lines are blocks.

Source: YAML 1.1 and 1.2, "Tag Resolution"; go-yaml v2, which kubectl and argocd use.
"""

import re
from typing import Any, Final

import yaml

_WORDS: Final = frozenset(
    ["~", "null", "true", "false", "yes", "no", "on", "off", "y", "n", "=", "<<"]
)
_NUMBERS: Final = re.compile(
    r"""
      [-+]?0[bB][01_]+ | [-+]?0[oO][0-7_]+ | [-+]?0[xX][0-9a-fA-F_]+
    | [-+]?(?:\.[0-9_]+|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9_]+)?
    | [-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?
    | [-+]?\.(?:inf|Inf|INF) | \.(?:nan|NaN|NAN)
    | [0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt\s].*)?
    """,
    re.VERBOSE | re.DOTALL,
)
_NO_FOLDING: Final = 2**30


def yaml_text(value: Any, *, sort_keys: bool = False) -> str:
    """Return a value as YAML, with an end of line.

    Args:
        value: JSON data.
        sort_keys: fields in the order of the alphabet; else in their own.
    """
    return str(
        yaml.dump(value, Dumper=_Writer, sort_keys=sort_keys, allow_unicode=True, width=_NO_FOLDING)
    )


class _Writer(yaml.CSafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True  # what is there twice is written twice


def _written(writer: _Writer, text: str) -> yaml.ScalarNode:
    style = None
    if "\n" in text:
        style = "|"
    elif not text or text.lower() in _WORDS or _NUMBERS.fullmatch(text):
        style = '"'
    return writer.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Writer.add_representer(str, _written)
