"""YAML as Kubernetes tools read it: YAML 1.1 words, no dates, every key a string.

Source: sigs.k8s.io/yaml, measured against Helm's own reader.
"""

import re
from collections.abc import Iterator
from typing import Any

import yaml

from tiphys.model.errors import RenderError

_INT = re.compile(
    r"^(?:[-+]?0b[01_]+|[-+]?0o?[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+)$"
)
_FLOAT = re.compile(
    r"^(?:[-+]?(?:[0-9][0-9_]*)\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+"
    r"|\.[0-9][0-9_]*(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"
)
_BOOL = re.compile(
    r"^(?:y|Y|yes|Yes|YES|n|N|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$"
)
_NULL = re.compile(r"^(?:~|null|Null|NULL|)$")
_TRUE = frozenset({"y", "yes", "true", "on"})


class GoLoader(yaml.CSafeLoader):
    """Reads scalars as Go's reader does."""


GoLoader.yaml_implicit_resolvers = {}
GoLoader.add_implicit_resolver("tag:yaml.org,2002:bool", _BOOL, list("yYnNtTfFoO"))
GoLoader.add_implicit_resolver("tag:yaml.org,2002:int", _INT, list("-+0123456789"))
GoLoader.add_implicit_resolver("tag:yaml.org,2002:float", _FLOAT, list("-+0123456789."))
GoLoader.add_implicit_resolver("tag:yaml.org,2002:null", _NULL, ["~", "n", "N", ""])
GoLoader.add_implicit_resolver("tag:yaml.org,2002:merge", re.compile(r"^<<$"), ["<"])


def _construct_int(loader: GoLoader, node: yaml.ScalarNode) -> int:
    text = str(loader.construct_scalar(node)).replace("_", "")
    sign = -1 if text.startswith("-") else 1
    digits = text.lstrip("+-")
    for prefix, base in (("0x", 16), ("0b", 2), ("0o", 8)):
        if digits.startswith(prefix):
            return sign * int(digits[2:], base)
    is_octal = digits.startswith("0") and len(digits) > 1
    return sign * int(digits, 8 if is_octal else 10)


def _construct_float(loader: GoLoader, node: yaml.ScalarNode) -> float | int:
    value = float(str(loader.construct_scalar(node)).replace("_", "").replace(".inf", "inf"))
    # Go prints whole floats without a fraction, so JSON readers see an integer.
    return int(value) if value.is_integer() and abs(value) < 1e15 else value


def _construct_bool(loader: GoLoader, node: yaml.ScalarNode) -> bool:
    return str(loader.construct_scalar(node)).lower() in _TRUE


def _construct_map(loader: GoLoader, node: yaml.MappingNode) -> dict[str, Any]:
    loader.flatten_mapping(node)
    return {
        _key(loader.construct_object(key, deep=True)): loader.construct_object(value, deep=True)
        for key, value in node.value
    }


def _key(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "null" if value is None else str(value)


GoLoader.add_constructor("tag:yaml.org,2002:int", _construct_int)
GoLoader.add_constructor("tag:yaml.org,2002:float", _construct_float)
GoLoader.add_constructor("tag:yaml.org,2002:bool", _construct_bool)
GoLoader.add_constructor("tag:yaml.org,2002:map", _construct_map)


def load_documents(text: str | bytes) -> Iterator[Any]:
    """Yield the documents of a YAML stream.

    Raises:
        yaml.YAMLError: the stream is malformed; documents before the fault were yielded.
    """
    yield from yaml.load_all(text, Loader=GoLoader)


def load_manifests(name: str, text: str | bytes) -> list[Any]:
    """Return the documents of a rendered text, without those that are empty.

    Raises:
        RenderError: it is no YAML.
    """
    try:
        return [found for found in load_documents(text) if found]
    except (yaml.YAMLError, ValueError) as err:
        raise RenderError(f"YAML parse error on {name}: {' '.join(str(err).split())}") from err
