"""The flags of `app create` and `app set`: which field of the spec each writes, and how."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import click

from tiphys.model.errors import InvalidInputError
from tiphys.model.keys import Manifest

_Command = TypeVar("_Command", bound=Callable[..., Any])
_Write = Callable[[Any, Any], Any]
"""Returns a field's new value from its present one (None when absent) and the flag's."""


class SpecFlag(NamedTuple):
    """One flag.

    Attributes:
        name: as typed, without dashes.
        path: the field; a path that begins with "source" is that of the source in hand.
        write: how the flag's value gets into the field.
        many: whether the flag may be repeated.
        help: a clause, "" where the name says it all.
    """

    name: str
    path: str
    write: _Write
    many: bool = False
    help: str = ""

    @property
    def parameter(self) -> str:
        """The name under which the flag's value reaches the command."""
        return self.name.replace("-", "_")


def _set(_: Any, given: Any) -> Any:
    return list(given) if isinstance(given, tuple) else given


def _number(_: Any, given: str) -> int:
    try:
        return int(given)
    except ValueError:
        raise InvalidInputError(f"`{given}` is not a whole number") from None


def _switch(_: Any, given: bool) -> bool:
    return given


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise InvalidInputError(f"`{text}` is not of the form name=value")
    return name, value


def pairs(given: tuple[str, ...]) -> dict[str, str]:
    """Return what `name=value` texts say.

    Raises:
        InvalidInputError: one has another form.
    """
    return dict(map(_pair, given))


def _map(_: Any, given: tuple[str, ...]) -> dict[str, str]:
    return pairs(given)


def _named(value_field: str, **more: Any) -> _Write:
    """Replace the entries of the same name in a list, and append the others."""

    def write(present: Any, given: tuple[str, ...]) -> list[dict[str, Any]]:
        added = [{"name": n, value_field: v, **more} for n, v in map(_pair, given)]
        names = {entry["name"] for entry in added}
        return [entry for entry in present or [] if entry.get("name") not in names] + added

    return write


def _images(present: Any, given: tuple[str, ...]) -> list[str]:
    names = {image_name(image) for image in given}
    return [i for i in present or [] if image_name(i) not in names] + list(given)


def image_name(image: str) -> str:
    """Return the image that an override is for: "nginx" of "nginx=mirror/nginx:1.29"."""
    named = image.partition("=")[0] if "=" in image else image.partition("@")[0]
    folder, slash, last = named.rpartition("/")
    return f"{folder}{slash}{last.partition(':')[0]}"


def _replicas(present: Any, given: tuple[str, ...]) -> list[dict[str, Any]]:
    added = [{"name": n, "count": _number(None, v)} for n, v in map(_pair, given)]
    names = {entry["name"] for entry in added}
    return [entry for entry in present or [] if entry.get("name") not in names] + added


def _appended(present: Any, given: tuple[str, ...]) -> list[str]:
    return [*(present or []), *(value for value in given if value not in (present or []))]


def _options(present: Any, given: tuple[str, ...]) -> list[str]:
    """Add sync options, and drop those that are given as `!Option=value`."""
    dropped = {option[1:] for option in given if option.startswith("!")}
    added = [option for option in given if not option.startswith("!")]
    names = {option.partition("=")[0] for option in added}
    kept = [o for o in present or [] if o not in dropped and o.partition("=")[0] not in names]
    return kept + added


def _file(_: Any, given: str) -> str:
    try:
        return Path(given).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as err:
        raise InvalidInputError(f"cannot be read: {err}", where=given) from None


_AUTOMATED = "syncPolicy.automated"
_HELM, _KUSTOMIZE, _DIRECTORY = "source.helm", "source.kustomize", "source.directory"
_JSONNET = f"{_DIRECTORY}.jsonnet"

SPEC_FLAGS = (
    SpecFlag("project", "project", _set),
    SpecFlag("dest-server", "destination.server", _set, help="address of the cluster"),
    SpecFlag("dest-name", "destination.name", _set, help="name of the cluster"),
    SpecFlag("dest-namespace", "destination.namespace", _set),
    SpecFlag("revision-history-limit", "revisionHistoryLimit", _number),
    SpecFlag("repo", "source.repoURL", _set),
    SpecFlag("path", "source.path", _set),
    SpecFlag("revision", "source.targetRevision", _set),
    SpecFlag("ref", "source.ref", _set, help="name by which other sources refer to this one"),
    SpecFlag("auto-prune", f"{_AUTOMATED}.prune", _switch),
    SpecFlag("self-heal", f"{_AUTOMATED}.selfHeal", _switch),
    SpecFlag("allow-empty", f"{_AUTOMATED}.allowEmpty", _switch),
    SpecFlag("sync-option", "syncPolicy.syncOptions", _options, many=True, help="!x removes x"),
    SpecFlag("sync-retry-limit", "syncPolicy.retry.limit", _number),
    SpecFlag("sync-retry-refresh", "syncPolicy.retry.refresh", _switch),
    SpecFlag("sync-retry-backoff-duration", "syncPolicy.retry.backoff.duration", _set),
    SpecFlag("sync-retry-backoff-factor", "syncPolicy.retry.backoff.factor", _number),
    SpecFlag("sync-retry-backoff-max-duration", "syncPolicy.retry.backoff.maxDuration", _set),
    SpecFlag("helm-chart", "source.chart", _set),
    SpecFlag("values", f"{_HELM}.valueFiles", _set, many=True, help="value files"),
    SpecFlag("values-literal-file", f"{_HELM}.values", _file, help="file that becomes `values`"),
    SpecFlag("release-name", f"{_HELM}.releaseName", _set),
    SpecFlag("parameter", f"{_HELM}.parameters", _named("value"), many=True, help="name=value"),
    SpecFlag("helm-set", f"{_HELM}.parameters", _named("value"), many=True, help="name=value"),
    SpecFlag(
        "helm-set-string", f"{_HELM}.parameters", _named("value", forceString=True), many=True
    ),
    SpecFlag("helm-set-file", f"{_HELM}.fileParameters", _named("path"), many=True),
    SpecFlag("helm-version", f"{_HELM}.version", _set),
    SpecFlag("helm-namespace", f"{_HELM}.namespace", _set),
    SpecFlag("helm-kube-version", f"{_HELM}.kubeVersion", _set),
    SpecFlag("helm-api-versions", f"{_HELM}.apiVersions", _set, many=True),
    SpecFlag("helm-pass-credentials", f"{_HELM}.passCredentials", _switch),
    SpecFlag("helm-skip-crds", f"{_HELM}.skipCrds", _switch),
    SpecFlag("helm-skip-tests", f"{_HELM}.skipTests", _switch),
    SpecFlag("helm-skip-schema-validation", f"{_HELM}.skipSchemaValidation", _switch),
    SpecFlag("ignore-missing-value-files", f"{_HELM}.ignoreMissingValueFiles", _switch),
    SpecFlag("nameprefix", f"{_KUSTOMIZE}.namePrefix", _set),
    SpecFlag("namesuffix", f"{_KUSTOMIZE}.nameSuffix", _set),
    SpecFlag("kustomize-image", f"{_KUSTOMIZE}.images", _images, many=True),
    SpecFlag("kustomize-replica", f"{_KUSTOMIZE}.replicas", _replicas, many=True),
    SpecFlag("kustomize-version", f"{_KUSTOMIZE}.version", _set),
    SpecFlag("kustomize-namespace", f"{_KUSTOMIZE}.namespace", _set),
    SpecFlag("kustomize-kube-version", f"{_KUSTOMIZE}.kubeVersion", _set),
    SpecFlag("kustomize-api-versions", f"{_KUSTOMIZE}.apiVersions", _set, many=True),
    SpecFlag("kustomize-common-label", f"{_KUSTOMIZE}.commonLabels", _map, many=True),
    SpecFlag("kustomize-common-annotation", f"{_KUSTOMIZE}.commonAnnotations", _map, many=True),
    SpecFlag("kustomize-force-common-label", f"{_KUSTOMIZE}.forceCommonLabels", _switch),
    SpecFlag("kustomize-force-common-annotation", f"{_KUSTOMIZE}.forceCommonAnnotations", _switch),
    SpecFlag("kustomize-label-without-selector", f"{_KUSTOMIZE}.labelWithoutSelector", _switch),
    SpecFlag("kustomize-label-include-templates", f"{_KUSTOMIZE}.labelIncludeTemplates", _switch),
    SpecFlag("ignore-missing-components", f"{_KUSTOMIZE}.ignoreMissingComponents", _switch),
    SpecFlag("directory-recurse", f"{_DIRECTORY}.recurse", _switch),
    SpecFlag("directory-include", f"{_DIRECTORY}.include", _set),
    SpecFlag("directory-exclude", f"{_DIRECTORY}.exclude", _set),
    SpecFlag("jsonnet-tla-str", f"{_JSONNET}.tlas", _named("value"), many=True),
    SpecFlag("jsonnet-tla-code", f"{_JSONNET}.tlas", _named("value", code=True), many=True),
    SpecFlag("jsonnet-ext-var-str", f"{_JSONNET}.extVars", _named("value"), many=True),
    SpecFlag("jsonnet-ext-var-code", f"{_JSONNET}.extVars", _named("value", code=True), many=True),
    SpecFlag("jsonnet-libs", f"{_JSONNET}.libs", _appended, many=True),
    SpecFlag("config-management-plugin", "source.plugin.name", _set),
    SpecFlag("plugin-env", "source.plugin.env", _named("value"), many=True, help="name=value"),
)
_SWITCHES = {flag.name for flag in SPEC_FLAGS if flag.write is _switch}


def with_spec_flags(command: _Command) -> _Command:
    """Give a command the flags; they reach it under their names, None or empty if not typed."""
    options: Any = command
    policy = click.Choice(["none", "manual", "auto", "automated", "automatic"])
    options = click.option("--sync-policy", type=policy, help="none and manual turn it off")(
        options
    )
    for flag in reversed(SPEC_FLAGS):
        if flag.name in _SWITCHES:
            spelled = f"--{flag.name}/--no-{flag.name}"
            options = click.option(spelled, flag.parameter, default=None, help=flag.help)(options)
            continue
        names = ["-p", f"--{flag.name}"] if flag.name == "parameter" else [f"--{flag.name}"]
        options = click.option(*names, flag.parameter, help=flag.help, multiple=flag.many)(options)
    given: _Command = options
    return given


def names_source(given: Mapping[str, Any]) -> bool:
    """Tell whether any flag that was typed is about a source."""
    return any(
        flag.path.startswith("source") and given.get(flag.parameter) not in (None, ())
        for flag in SPEC_FLAGS
    )


def apply_spec_flags(spec: Manifest, source: Manifest, given: Mapping[str, Any]) -> bool:
    """Write flags into a spec and into one of its sources; return whether any was typed.

    Raises:
        InvalidInputError: a flag's value is not what the flag takes, or it needs automated sync.
    """
    typed = {name: value for name, value in given.items() if value not in (None, ())}
    policy = typed.pop("sync_policy", None)
    if policy is not None:
        _apply_policy(spec, policy)
    for flag in SPEC_FLAGS:
        if flag.parameter in typed:
            _apply(spec, source, flag, typed[flag.parameter])
    return bool(typed) or policy is not None


def _apply(spec: Manifest, source: Manifest, flag: SpecFlag, given: Any) -> None:
    *parents, last = flag.path.split(".")
    holder = source if parents[:1] == ["source"] else spec
    automated = (spec.get("syncPolicy") or {}).get("automated")
    if flag.path.startswith(_AUTOMATED) and automated is None:
        raise InvalidInputError(
            f"Cannot set --{flag.name}: application not configured with automatic sync",
            hint="Add --sync-policy automated.",
        )
    for parent in parents[1:] if holder is source else parents:
        if holder.get(parent) is None:
            holder[parent] = {}
        holder = holder[parent]
    try:
        holder[last] = flag.write(holder.get(last), given)
    except InvalidInputError as err:
        raise InvalidInputError(err.line, where=f"--{flag.name}") from None
    if flag.name in _EXCLUDES:
        holder.pop(_EXCLUDES[flag.name], None)


_EXCLUDES = {"dest-server": "name", "dest-name": "server"}
"""A destination has one of the two; naming one takes the other away."""


def _apply_policy(spec: Manifest, policy: str) -> None:
    present = spec.get("syncPolicy") or {}
    if policy in {"none", "manual"}:
        kept = {field: value for field, value in present.items() if field != "automated"}
    else:
        kept = {**present, "automated": present.get("automated") or {}}
    if kept:
        spec["syncPolicy"] = kept
    else:
        spec.pop("syncPolicy", None)
