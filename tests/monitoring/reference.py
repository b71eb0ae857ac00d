"""What docs/reference/monitoring.md says of metrics."""

import re
from collections.abc import Container
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reference" / "monitoring.md"
_ROW = re.compile(
    r"\| `((?:argocd|workqueue|tiphys|grpc|go|process)_\w+)` \| ([^|\n]*)\|([^|\n]*)\|"
)


def documented() -> dict[str, frozenset[str]]:
    """Return the labels of each documented metric; those that have "with" appear by option."""
    found = {}
    for name, _kind, labels in _ROW.findall(PAGE.read_text()):
        plain = re.sub(r"\([^)]*\)", "", labels)
        found[name] = frozenset(re.findall(r"[a-z_0-9]+(?=[\s,]|$)", plain.strip()))
    return found


def absent() -> frozenset[str]:
    """Return the metrics that the page lists as absent with a reason."""
    page = PAGE.read_text().partition("| absent | why |")[2].partition("\n\n")[0]
    return frozenset(re.findall(r"`(argocd_\w+)`", page))


def families(expression: str, known: Container[str]) -> set[str]:
    """Return the metrics that PromQL asks for; series of a histogram count as their family."""
    pattern = r"\b(?:argocd|workqueue|tiphys|grpc_server|go|process)_[a-z0-9_]+"
    words = re.findall(pattern, expression)
    return {w if w in known else re.sub(r"_(bucket|count|sum)$", "", w) for w in words}
