"""Single sign-on, as `argocd-cm` configures it.

Source: Argo CD operator manual, "User Management", "SSO" and "Existing OIDC Provider".
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
import yaml

from tiphys.model.errors import InvalidInputError

DEFAULT_SCOPES: Final = ("openid", "profile", "email", "groups")
DEX_CLIENT: Final = "argo-cd"
DEX_CLI_CLIENT: Final = "argo-cd-cli"
_REFERENCE: Final = re.compile(r"\$([^$\s]+)")

Lookup = Callable[[str], "str | None"]
"""Returns what `key` or `secret:key` of a `$`-reference stands for, None when nothing does."""


class OidcConfig(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`oidc.config`: an identity provider that we talk to ourselves."""

    name: str = ""
    issuer: str = ""
    client_id: str = msgspec.field(default="", name="clientID")
    client_secret: str = ""
    cli_client_id: str = msgspec.field(default="", name="cliClientID")
    allowed_audiences: tuple[str, ...] = ()
    skip_audience_check_when_token_has_no_audience: bool = False
    requested_scopes: tuple[str, ...] = ()
    requested_id_token_claims: dict[str, Any] = msgspec.field(
        default={}, name="requestedIDTokenClaims"
    )
    logout_url: str = msgspec.field(default="", name="logoutURL")
    root_ca: str = msgspec.field(default="", name="rootCA")
    enable_pkce_authentication: bool = msgspec.field(default=False, name="enablePKCEAuthentication")
    domain_hint: str = ""
    enable_user_info_groups: bool = False
    user_info_path: str = ""
    user_info_base_url: str = msgspec.field(default="", name="userInfoBaseURL")
    user_info_cache_expiration: str = ""
    refresh_token_threshold: str = ""
    azure: dict[str, Any] = {}

    @property
    def scopes(self) -> tuple[str, ...]:
        """The scopes to ask for; `openid` is always one."""
        asked = self.requested_scopes or DEFAULT_SCOPES
        return asked if "openid" in asked else ("openid", *asked)

    @property
    def audiences(self) -> frozenset[str]:
        """Whom a token must be for."""
        own = {name for name in (self.client_id, self.cli_client_id) if name}
        return frozenset(self.allowed_audiences) or frozenset(own)


class DexConnector(msgspec.Struct, frozen=True, kw_only=True):
    """A way to log in that Dex offers."""

    type: str = ""
    id: str = ""
    name: str = ""


class SsoSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How people log in through others.

    Attributes:
        oidc: the provider that logins go to; None without SSO. With `dex.config` it is the Dex
            that an operator runs, reached through ourselves.
        connectors: of Dex, empty without Dex.
        dex_config: the whole of `dex.config`, its references resolved; None without Dex.
        dex_connector: is chosen without asking.
        verifies_tls: certificates of the provider are checked.
        problems: one line for each setting that could not be read.
    """

    oidc: OidcConfig | None = None
    connectors: tuple[DexConnector, ...] = ()
    dex_config: Mapping[str, Any] | None = None
    dex_connector: str = ""
    verifies_tls: bool = True
    problems: tuple[str, ...] = ()

    @property
    def is_dex(self) -> bool:
        """Whether logins go to Dex."""
        return self.dex_config is not None


def parse_sso(config: Mapping[str, str], lookup: Lookup, *, dex_secret: str) -> SsoSettings:
    """Return how people log in through others.

    Args:
        config: data of `argocd-cm`.
        lookup: resolves references to Secrets.
        dex_secret: what we prove to Dex who we are with.
    """
    url = config.get("url", "").strip().rstrip("/")
    skips = config.get("oidc.tls.insecure.skip.verify", "").strip().lower() == "true"
    has_sso = any(config.get(key, "").strip() for key in ("oidc.config", "dex.config"))
    if not has_sso:
        return SsoSettings(verifies_tls=not skips)
    if urlsplit(url).scheme not in {"http", "https"}:
        problem = "argocd-cm: url: SSO needs the address of this server, with http or https"
        return SsoSettings(verifies_tls=not skips, problems=(problem,))
    problems: list[str] = []
    try:
        if config.get("oidc.config", "").strip():
            oidc = _oidc(config["oidc.config"], lookup, problems)
            return SsoSettings(oidc=oidc, verifies_tls=not skips, problems=tuple(problems))
        dex = _mapping(config["dex.config"], "dex.config", lookup, problems)
        return _dex(dex, url, config, dex_secret, verifies_tls=not skips)
    except InvalidInputError as err:
        return SsoSettings(verifies_tls=not skips, problems=(*problems, err.line))


def _oidc(text: str, lookup: Lookup, problems: list[str]) -> OidcConfig:
    content = _mapping(text, "oidc.config", lookup, problems)
    unknown = sorted(
        set(content) - {field.encode_name for field in msgspec.structs.fields(OidcConfig)}
    )
    problems += [f"argocd-cm: oidc.config: `{name}` is not known" for name in unknown]
    try:
        oidc = msgspec.convert(content, OidcConfig, strict=False)
    except msgspec.ValidationError as err:
        raise InvalidInputError(str(err), where="argocd-cm: oidc.config") from err
    if not oidc.issuer or not oidc.client_id:
        raise InvalidInputError(
            "`issuer` and `clientID` are needed", where="argocd-cm: oidc.config"
        )
    unsupported = {
        "azure": bool(oidc.azure),
        "enableUserInfoGroups": oidc.enable_user_info_groups,
        "refreshTokenThreshold": bool(oidc.refresh_token_threshold),
    }
    for name, is_set in unsupported.items():
        if is_set:
            problems.append(f"argocd-cm: oidc.config: {name}: not supported")
    return oidc


def _dex(
    dex: dict[str, Any],
    url: str,
    config: Mapping[str, str],
    dex_secret: str,
    *,
    verifies_tls: bool,
) -> SsoSettings:
    connectors = dex.get("connectors")
    rows = (
        [row for row in connectors if isinstance(row, dict)] if isinstance(connectors, list) else []
    )
    if not rows and not dex.get("staticPasswords") and not dex.get("enablePasswordDB"):
        raise InvalidInputError("there are no connectors", where="argocd-cm: dex.config")
    return SsoSettings(
        oidc=OidcConfig(
            name="Dex",
            issuer=f"{url}/api/dex",
            client_id=DEX_CLIENT,
            client_secret=dex_secret,
            cli_client_id=DEX_CLI_CLIENT,
            requested_scopes=(*DEFAULT_SCOPES, "federated:id"),
        ),
        connectors=tuple(
            DexConnector(**{key: str(row.get(key, "")) for key in ("type", "id", "name")})
            for row in rows
        ),
        dex_config=dex,
        dex_connector=config.get("dex.auth.connectorId", "").strip(),
        verifies_tls=verifies_tls,
    )


def _mapping(text: str, key: str, lookup: Lookup, problems: list[str]) -> dict[str, Any]:
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as err:
        # Not the parser's words: they quote the text, and there may be a secret in it.
        raise InvalidInputError("it is not YAML", where=f"argocd-cm: {key}") from err
    if not isinstance(content, dict):
        raise InvalidInputError("it is not a mapping", where=f"argocd-cm: {key}")

    def resolved(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: resolved(member) for name, member in value.items()}
        if isinstance(value, list):
            return [resolved(member) for member in value]
        return _substituted(value, key, lookup, problems) if isinstance(value, str) else value

    return {str(name): resolved(value) for name, value in content.items()}


def _substituted(text: str, key: str, lookup: Lookup, problems: list[str]) -> str:
    found = _REFERENCE.fullmatch(text.strip())
    if found is None:
        return text
    value = lookup(found[1])
    if value is None:
        problems.append(f"argocd-cm: {key}: `{text.strip()}` names nothing, and is left as it is")
        return text
    return value.strip()
