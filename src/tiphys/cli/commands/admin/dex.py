"""`tiphys admin dex`: what a Dex beside us is to be started with."""

from pathlib import Path

import click
import yaml

from tiphys.cli.access import Access, with_access
from tiphys.cli.flags import ArgocdCommand
from tiphys.delivery.accounts import ARGOCD_CM, ARGOCD_SECRET
from tiphys.delivery.dex import dex_configuration, dex_secret
from tiphys.delivery.writing import SECRET
from tiphys.kube.client import KubeClient
from tiphys.model.errors import InvalidInputError, NotFoundError
from tiphys.model.keys import GroupVersionKind
from tiphys.model.labels import PART_OF, PART_OF_VALUE
from tiphys.settings.secrets import decode_secret
from tiphys.settings.sso import SsoSettings, parse_sso

_CONFIG_MAP = GroupVersionKind("", "v1", "ConfigMap")


@click.group()
def dex() -> None:
    """Prepare a Dex that runs beside tiphys."""


@dex.command(cls=ArgocdCommand)
@click.option("-o", "--out", type=click.Path(path_type=Path), help="file to write; else stdout")
@with_access
def gendexcfg(access: Access, out: Path | None) -> None:
    """Print the configuration of Dex, secrets included."""

    async def read(client: KubeClient) -> tuple[SsoSettings, str]:
        stored = await client.get(_CONFIG_MAP, access.namespace, ARGOCD_CM)
        if stored is None:
            raise NotFoundError(f"there is no ConfigMap `{ARGOCD_CM}`")
        selector = f"{PART_OF}={PART_OF_VALUE}"
        found = await client.list(SECRET, access.namespace, labelSelector=selector)
        secrets = {secret["metadata"]["name"]: decode_secret(secret) for secret in found}
        config = stored.get("data") or {}

        def lookup(reference: str) -> str | None:
            name, colon, key = reference.rpartition(":")
            return secrets.get(name if colon else ARGOCD_SECRET, {}).get(key)

        key = secrets.get(ARGOCD_SECRET, {}).get("server.secretkey", "")
        own = {name: text for name, text in config.items() if name != "oidc.config"}
        url = str(config.get("url", "")).strip().rstrip("/")
        return parse_sso(own, lookup, dex_secret=dex_secret(key.encode())), url

    sso, url = access.run(read)
    for problem in sso.problems:
        click.echo(f"warning: {problem}", err=True)
    if not sso.is_dex:
        raise InvalidInputError(
            "Dex is not configured", hint="Set `url` and `dex.config` in the ConfigMap `argocd-cm`."
        )
    text = yaml.safe_dump(dex_configuration(sso, url), sort_keys=False)
    if out is None:
        click.echo(text, nl=False)
    else:
        out.touch(mode=0o600)
        out.write_text(text)
