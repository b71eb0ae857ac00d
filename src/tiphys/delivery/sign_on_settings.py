"""The settings of single sign-on, read live, with what they refer to in Secrets."""

import re
from collections.abc import Callable, Iterator
from typing import Final

from tiphys.delivery.accounts import ARGOCD_CM, ARGOCD_SECRET
from tiphys.delivery.installation import Installation
from tiphys.delivery.live import Live, Source
from tiphys.model.labels import PART_OF, PART_OF_VALUE
from tiphys.settings.sso import SsoSettings, parse_sso

_OTHER_SECRET: Final = re.compile(r"\$([a-z0-9][-.a-z0-9]*):")


def live_sso(
    installation: Installation,
    dex_secret: Callable[[], str],
    changed: Callable[[SsoSettings], None],
) -> Live[SsoSettings]:
    """Return the settings of single sign-on, which follow all objects that they are read from."""
    held, namespace = installation.collections, installation.namespace

    def sources() -> Iterator[Source]:
        yield held.config_maps, f"{namespace}/{ARGOCD_CM}"
        yield held.secrets, f"{namespace}/{ARGOCD_SECRET}"
        config = installation.config_map(ARGOCD_CM)
        text = config.get("oidc.config", "") + config.get("dex.config", "")
        for name in sorted(set(_OTHER_SECRET.findall(text))):
            yield held.secrets, f"{namespace}/{name}"

    def parse() -> SsoSettings:
        config = installation.config_map(ARGOCD_CM)
        return parse_sso(
            config, lambda name: _looked_up(installation, name), dex_secret=dex_secret()
        )

    return Live(sources, parse, changed)


def _looked_up(installation: Installation, reference: str) -> str | None:
    """Return what `key` or `secret:key` stands for.

    Only Secrets that are labelled as parts of the installation are read, so that a setting does not
    reach for others' in the namespace.
    """
    name, colon, key = reference.rpartition(":")
    if not colon:
        return installation.secret(ARGOCD_SECRET).get(key)
    stored = installation.collections.secrets.get(f"{installation.namespace}/{name}") or {}
    labels = (stored.get("metadata") or {}).get("labels") or {}
    if labels.get(PART_OF) != PART_OF_VALUE:
        return None
    return installation.secret(name).get(key)
