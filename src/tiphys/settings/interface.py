"""What clients are told of an installation before and after a login: `GET /api/v1/settings`.

Source: Argo CD's `argocd-cm.yaml` and the answer of its settings service.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from tiphys.settings.reader import Reader

_POSITIONS: Final = ("top", "bottom", "both")
_DOWNLOAD: Final = "help.download."


class InterfaceSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings that the web UI and the command line ask for.

    Attributes:
        public: known to everybody.
        of_callers: known to those who are logged in.
        problems: one line for each setting that could not be read.
    """

    public: dict[str, Any]
    of_callers: dict[str, Any]
    problems: tuple[str, ...] = ()


def parse_interface_settings(
    config: Mapping[str, str], params: Mapping[str, str], environment: Mapping[str, str]
) -> InterfaceSettings:
    """Return the settings; what is empty is left out.

    Args:
        config: data of `argocd-cm`.
        params: data of `argocd-cmd-params-cm`.
        environment: variables of the process.
    """
    cm, cmd = Reader("argocd-cm", config), Reader("argocd-cmd-params-cm", params)
    env = Reader("environment", environment)
    public = {
        "url": cm.text("url"),
        "additionalUrls": list(cm.string_list("additionalUrls")),
        "appLabelKey": cm.text("application.instanceLabelKey", "app.kubernetes.io/instance"),
        "trackingMethod": cm.text("application.resourceTrackingMethod", "annotation"),
        "installationID": cm.text("installationID"),
        "statusBadgeEnabled": cm.flag("statusbadge.enabled", default=False),
        "statusBadgeRootUrl": cm.text("statusbadge.url"),
        "kustomizeOptions": _kustomize_options(cm),
        "kustomizeVersions": _kustomize_versions(cm),
        "googleAnalytics": _analytics(cm),
        "help": _help(cm),
        "uiCssURL": cm.text("ui.cssurl"),
        "uiLoginButtonText": cm.text("ui.loginButtonText"),
        "resourceViewEnabled": not cm.flag("ui.view.resources.disabled", default=False),
        "execEnabled": cm.flag("exec.enabled", default=False),
        "appsInAnyNamespaceEnabled": bool(cmd.names("application.namespaces")),
        "impersonationEnabled": cm.flag("application.sync.impersonation.enabled", default=False),
        "hydratorEnabled": cmd.flag("hydrator.enabled", default=False),
        "syncWithReplaceAllowed": cmd.flag(
            "server.sync.replace.allowed",
            default=env.flag("ARGOCD_SYNC_WITH_REPLACE_ALLOWED", default=True),
        ),
    }
    return InterfaceSettings(
        public=_known(public),
        of_callers=_known(_banner(cm)),
        problems=(*cm.problems, *cmd.problems, *env.problems),
    )


def resource_overrides(config: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Return the customizations of each kind, by "group/Kind", as the settings service gives them.

    What `resource.customizations` and its per-kind keys say is passed on as texts.
    """
    overrides: dict[str, dict[str, Any]] = {}
    for key, text in config.items():
        matched = _OVERRIDE.fullmatch(key)
        if not matched or matched[1] not in _OVERRIDE_FIELDS:
            continue
        group, _, kind = matched[2].rpartition("_")
        name = f"{group}/{kind}" if group else kind
        value = text == "true" if matched[1] == "useOpenLibs" else text
        overrides.setdefault(name, {})[_OVERRIDE_FIELDS[matched[1]]] = value
    return overrides


_OVERRIDE = re.compile(r"resource\.customizations\.(\w+)\.(.+)")
_OVERRIDE_FIELDS: Final = {
    "health": "healthLua",
    "useOpenLibs": "useOpenLibs",
    "actions": "actions",
    "ignoreDifferences": "ignoreDifferences",
    "ignoreResourceUpdates": "ignoreResourceUpdates",
    "knownTypeFields": "knownTypeFields",
}


def _known(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value not in ("", False, None, [], {})}


def _kustomize_options(cm: Reader) -> dict[str, str]:
    options = cm.text("kustomize.buildOptions")
    return {"BuildOptions": options} if options else {}


def _kustomize_versions(cm: Reader) -> list[str]:
    paths = {**cm.family("kustomize.path."), **cm.family("kustomize.version.")}
    return sorted(paths)


def _analytics(cm: Reader) -> dict[str, Any]:
    tracking = cm.text("ga.trackingid")
    anonymous = cm.flag("ga.anonymizeusers", default=True)
    return _known({"trackingID": tracking, "anonymizeUsers": anonymous})


def _help(cm: Reader) -> dict[str, Any]:
    downloads = cm.family(_DOWNLOAD)
    chat = cm.text("help.chatUrl")
    return _known(
        {
            "chatUrl": chat,
            "chatText": cm.text("help.chatText", "Chat now!") if chat else "",
            "binaryUrls": downloads,
        }
    )


def _banner(cm: Reader) -> dict[str, Any]:
    content = cm.text("ui.bannercontent")
    position = cm.text("ui.bannerposition", "top")
    return {
        "uiBannerContent": content,
        "uiBannerURL": cm.text("ui.bannerurl"),
        "uiBannerPermanent": cm.flag("ui.bannerpermanent", default=False),
        "uiBannerPosition": position if position in _POSITIONS else "top",
    }
