"""What is wrong with selectors of labels and of nodes, and with where pods may be put.

Source: Kubernetes API reference, "LabelSelector", "NodeSelectorRequirement", "PodAffinityTerm".
"""

import json
from collections.abc import Iterator
from typing import Any

from tiphys.sandbox.names import label_value_errors, qualified_errors
from tiphys.sandbox.problems import Problem, invalid_value, required

Json = dict[str, Any]

_OPERATOR = "not a valid selector operator"
_NEEDS_VALUES = "must be specified when `operator` is 'In' or 'NotIn'"
_NO_VALUES = "Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
_ONE_VALUE = "must be specified single value when `operator` is 'Lt' or 'Gt'"


def label_selector_problems(selector: Json, path: str) -> Iterator[Problem]:
    """Yield what is wrong with a selector of labels."""
    for key, value in (selector.get("matchLabels") or {}).items():
        yield from label_problems({key: value}, f"{path}.matchLabels")
    for place, wanted in enumerate(selector.get("matchExpressions") or ()):
        yield from _expression_problems(wanted, f"{path}.matchExpressions[{place}]")


def label_problems(labels: dict[str, str], path: str) -> Iterator[Problem]:
    """Yield what is wrong with labels, all under one path."""
    for key, value in labels.items():
        for text in qualified_errors(key):
            yield invalid_value(path, json.dumps(key), text)
        for text in label_value_errors(value):
            yield invalid_value(path, json.dumps(value), text)


def _expression_problems(wanted: Json, path: str) -> Iterator[Problem]:
    operator, values = wanted.get("operator", ""), wanted.get("values")
    if operator in {"In", "NotIn"}:
        if not values:
            yield required(f"{path}.values", _NEEDS_VALUES)
    elif operator in {"Exists", "DoesNotExist"}:
        if values:
            yield f"{path}.values", "FieldValueForbidden", _NO_VALUES
    else:
        yield invalid_value(f"{path}.operator", json.dumps(operator), _OPERATOR)
    for text in qualified_errors(wanted.get("key", "")):
        yield invalid_value(f"{path}.key", json.dumps(wanted.get("key", "")), text)


def node_requirement_problems(wanted: Json, path: str) -> Iterator[Problem]:
    """Yield what is wrong with what is required of a node."""
    if wanted.get("operator") not in {"Gt", "Lt"}:
        yield from _expression_problems(wanted, path)
    elif len(wanted.get("values") or ()) != 1:
        yield required(f"{path}.values", _ONE_VALUE)


def node_selector_problems(selector: Json, path: str) -> Iterator[Problem]:
    """Yield what is wrong with a selector of nodes."""
    if not selector.get("nodeSelectorTerms"):
        yield required(f"{path}.nodeSelectorTerms", "must have at least one node selector term")


def affinity_term_problems(term: Json, path: str) -> Iterator[Problem]:
    """Yield what is wrong with the place that pods are to share, or not to share."""
    key = term.get("topologyKey", "")
    if not key:
        yield required(f"{path}.topologyKey", "can not be empty")
    for text in qualified_errors(key):
        yield invalid_value(f"{path}.topologyKey", json.dumps(key), text)
