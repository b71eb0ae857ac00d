"""The badge: an Application's or a project's health and sync status as a small picture.

Source: Argo CD operator manual, "Status Badge": sizes, colours and words.
"""

from collections.abc import Iterable
from html import escape

import msgspec

from tiphys.model.keys import Manifest

_GREEN, _ORANGE, _RED, _BLUE, _GREY, _PURPLE = (
    "#18be52", "#f4c030", "#e96d76", "#0dadea", "#766f94", "#8a2be2",
)  # fmt: skip
_HEALTH = {
    "Healthy": _GREEN, "Progressing": _BLUE, "Degraded": _RED, "Suspended": _GREY,
    "Missing": _PURPLE, "Unknown": _PURPLE,
}  # fmt: skip
_SYNC = {"Synced": _GREEN, "OutOfSync": _ORANGE, "Unknown": _PURPLE}
_WIDTH, _SHORT_WIDTH, _FULL_WIDTH, _HEIGHT = 131, 192, 400, 20


class Badge(msgspec.Struct, frozen=True, kw_only=True):
    """What a badge shows.

    Attributes:
        revision: in brackets behind the sync status, "" for none.
        title: a line above, "" for none.
        width: in pixels; 0 for the usual one.
    """

    health: str = "Unknown"
    sync: str = "Unknown"
    revision: str = ""
    title: str = ""
    width: int = 0

    def svg(self) -> str:
        """Return the picture."""
        usual = _WIDTH if not self.revision else _SHORT_WIDTH
        width = self.width or (_FULL_WIDTH if len(self.revision) > 7 else usual)
        top = _HEIGHT if self.title else 0
        left = 55
        sync = f"{self.sync} ({self.revision})" if self.revision else self.sync
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{_HEIGHT + top}">',
            _text(width / 2, 14, self.title, "#131615") if self.title else "",
            _box(0, top, left, _HEALTH.get(self.health, _PURPLE)),
            _box(left, top, width - left, _SYNC.get(self.sync, _PURPLE)),
            _text(left / 2, top + 14, self.health, "#fff"),
            _text(left + (width - left) / 2, top + 14, sync, "#fff"),
            "</svg>",
        ]
        return "".join(parts)


def _box(x: float, y: float, width: float, colour: str) -> str:
    return f'<rect x="{x}" y="{y}" width="{width}" height="{_HEIGHT}" fill="{colour}"/>'


def _text(x: float, y: float, text: str, colour: str) -> str:
    style = 'font-family="DejaVu Sans,sans-serif" font-size="11" text-anchor="middle"'
    return f'<text x="{x:g}" y="{y:g}" fill="{colour}" {style}>{escape(text)}</text>'


def badge_of(applications: Iterable[Manifest]) -> Badge:
    """Return the badge of one Application, or of all of a project: the worst of them counts."""
    statuses = [app.get("status") or {} for app in applications]
    if not statuses:
        return Badge(health="Not Found", sync="")
    health = [str((s.get("health") or {}).get("status") or "Unknown") for s in statuses]
    sync = [str((s.get("sync") or {}).get("status") or "Unknown") for s in statuses]
    if len(statuses) == 1:
        return Badge(health=health[0], sync=sync[0])
    return Badge(
        health="Healthy" if all(one == "Healthy" for one in health) else "Degraded",
        sync="Synced" if all(one == "Synced" for one in sync) else "OutOfSync",
    )


def synced_revision(app: Manifest) -> str:
    """Return the revision of an Application's last sync, "" before the first."""
    state = (app.get("status") or {}).get("operationState") or {}
    return str((state.get("syncResult") or {}).get("revision") or "")
