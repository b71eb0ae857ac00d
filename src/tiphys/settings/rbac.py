"""The global permissions, as `argocd-rbac-cm` states them.

Source: Argo CD operator manual, "RBAC Configuration".
"""

from collections.abc import Mapping
from typing import Final

import msgspec
import yaml

from tiphys.engine.rbac.decision import DEFAULT_SCOPES, RbacConfig
from tiphys.engine.rbac.parsing import Lines, parse_lines, unreadable_patterns
from tiphys.engine.rbac.patterns import MatchMode
from tiphys.model.errors import InvalidInputError

_CM: Final = "argocd-rbac-cm"


class ParsedRbac(msgspec.Struct, frozen=True):
    """Permissions, and what is odd about them without being wrong."""

    config: RbacConfig
    warnings: tuple[str, ...] = ()


def parse_rbac(data: Mapping[str, str]) -> ParsedRbac:
    """Return the permissions that the ConfigMap's data gives.

    Raises:
        InvalidInputError: a line cannot be read; then none of it should be used.
    """
    mode, warnings = _mode(data.get("policy.matchMode", "").strip())
    lines = Lines()
    for key in policy_keys(data):
        lines += parse_lines(data[key], where=f"{_CM}: {key}")
    warnings += [f"{_CM}: {problem}" for problem in unreadable_patterns(lines, mode)]
    config = RbacConfig(
        lines=lines,
        default_role=data.get("policy.default", "").strip(),
        scopes=_scopes(data.get("scopes", "")),
        mode=mode,
    )
    return ParsedRbac(config, tuple(warnings))


def policy_keys(data: Mapping[str, str]) -> list[str]:
    """Return the keys that hold policy lines, in the order in which they count."""
    overlays = [
        key
        for key in data
        if key.startswith("policy.") and key.endswith(".csv") and key != "policy.csv"
    ]
    return [*(["policy.csv"] if "policy.csv" in data else []), *sorted(overlays)]


def _mode(text: str) -> tuple[MatchMode, list[str]]:
    if text in {"", *MatchMode}:
        return MatchMode(text or MatchMode.GLOB), []
    warning = f"{_CM}: policy.matchMode: `{text}` is neither `glob` nor `regex`; globs are used"
    return MatchMode.GLOB, [warning]


def _scopes(text: str) -> tuple[str, ...]:
    if not text.strip():
        return DEFAULT_SCOPES
    try:
        return msgspec.convert(yaml.safe_load(text), tuple[str, ...])
    except (yaml.YAMLError, msgspec.ValidationError) as err:
        raise InvalidInputError(
            "not a list of names",
            where=f"{_CM}: scopes",
            hint="Write it like `[groups, email]`.",
        ) from err
