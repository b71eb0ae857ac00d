"""Which flags of `argocd` the commands take, and that each that is left out has its reason.

Source: Argo CD user guide, "Command Reference".
"""

from pathlib import Path

import click
import pytest

from tiphys.cli.main import cli

REFERENCE = Path(__file__).parents[3] / "docs" / "reference" / "cli.md"
_HELM = """
    values values-literal-file release-name parameter helm-set helm-set-string helm-set-file
    helm-version helm-namespace helm-kube-version helm-api-versions helm-pass-credentials
    helm-skip-crds helm-skip-tests helm-skip-schema-validation ignore-missing-value-files helm-chart
"""
_KUSTOMIZE = """
    nameprefix namesuffix kustomize-image kustomize-replica kustomize-version kustomize-namespace
    kustomize-kube-version kustomize-api-versions kustomize-common-label kustomize-common-annotation
    kustomize-force-common-label kustomize-force-common-annotation kustomize-label-without-selector
    kustomize-label-include-templates ignore-missing-components
"""
_SPEC = f"""
    project dest-server dest-name dest-namespace revision-history-limit repo path revision ref
    sync-policy auto-prune self-heal allow-empty sync-option sync-retry-limit sync-retry-refresh
    sync-retry-backoff-duration sync-retry-backoff-factor sync-retry-backoff-max-duration
    directory-recurse directory-include directory-exclude jsonnet-tla-str jsonnet-tla-code
    jsonnet-ext-var-str jsonnet-ext-var-code jsonnet-libs config-management-plugin plugin-env
    source-name app-namespace {_HELM} {_KUSTOMIZE}
"""
_HYDRATOR = """
    dry-source-repo dry-source-path dry-source-revision sync-source-branch sync-source-path
    hydrate-to-branch
"""
_RETRY = """
    retry-limit retry-backoff-duration retry-backoff-factor retry-backoff-max-duration retry-refresh
"""
_SOURCES = "revision revisions source-positions source-names"
_LOCAL = "local local-repo-root"
_CREDENTIALS = """
    username password bearer-token ssh-private-key-path tls-client-cert-path
    tls-client-cert-key-path insecure-skip-server-verification insecure-ignore-host-key
    insecure-oci-force-http enable-lfs enable-oci force-http-basic-auth depth proxy no-proxy
"""
_CLOUD = """
    github-app-id github-app-installation-id github-app-private-key-path
    github-app-enterprise-base-url gcp-service-account-key-path use-azure-workload-identity
"""
_EXEC = """
    aws-cluster-name aws-role-arn aws-profile exec-command exec-command-api-version
    exec-command-args exec-command-env exec-command-install-hint
"""
# Command: flags that are taken; flags that are left out.
ARGOCD = {
    "app create": (f"file name upsert validate set-finalizer label annotations {_SPEC}", _HYDRATOR),
    "app set": (f"source-position {_SPEC}", _HYDRATOR),
    "app unset": (
        """source-position source-name parameter values values-literal pass-credentials nameprefix
        namesuffix kustomize-version kustomize-namespace kustomize-image kustomize-replica
        plugin-env ref ignore-missing-value-files ignore-missing-components app-namespace""",
        "",
    ),
    "app get": (
        "refresh hard-refresh show-operation show-params timeout output app-namespace",
        "source-position source-name",
    ),
    "app list": ("selector project repo cluster path output app-namespace", ""),
    "app diff": (
        f"refresh hard-refresh exit-code diff-exit-code app-namespace {_SOURCES}",
        f"{_LOCAL} local-include server-side-generate server-side-diff "
        "ignore-normalizer-jq-execution-timeout",
    ),
    "app sync": (
        f"""selector project resource prune dry-run force replace server-side async timeout info
        apply-out-of-sync-only strategy preview-changes assumeYes output app-namespace
        {_RETRY} {_SOURCES}""",
        f"{_LOCAL} label ignore-normalizer-jq-execution-timeout",
    ),
    "app wait": (
        """selector sync health suspended degraded operation delete resource timeout output
        app-namespace""",
        "hydrated",
    ),
    "app history": ("output app-namespace", ""),
    "app rollback": ("prune timeout output app-namespace", ""),
    "app patch": ("patch type app-namespace", ""),
    "app delete": ("selector cascade propagation-policy yes wait app-namespace", ""),
    "app terminate-op": ("app-namespace", ""),
    "app manifests": (f"source app-namespace {_SOURCES}", _LOCAL),
    "app resources": ("orphaned output app-namespace", "project"),
    "repo add": (f"type name project upsert {_CREDENTIALS}", _CLOUD),
    "repo list": ("output refresh", ""),
    "repo rm": ("project", ""),
    "cluster add": (
        """name project namespace cluster-resources in-cluster service-account system-namespace
        label annotation shard upsert yes kubeconfig""",
        f"{_EXEC} cluster-endpoint proxy-url disable-compression",
    ),
    "cluster list": ("output", ""),
    "cluster rm": ("yes", ""),
    "proj create": (
        """file description dest src source-namespaces allow-cluster-resource
        deny-cluster-resource allow-namespaced-resource deny-namespaced-resource
        dest-service-accounts orphaned-resources orphaned-resources-warn upsert""",
        "signature-keys",
    ),
    "proj list": ("output", ""),
    "proj get": ("output", ""),
}
OUTPUTS = {
    "app get": "wide json yaml tree tree=detailed",
    "app list": "wide json yaml name",
    "app sync": "wide json yaml",
    "app wait": "wide json yaml",
    "app rollback": "wide json yaml",
    "app history": "wide id",
    "app resources": "wide tree tree=detailed",
    "repo list": "wide json yaml url",
    "cluster list": "wide json yaml server",
    "proj list": "wide json yaml name",
    "proj get": "wide json yaml",
}


def _command(words: str) -> click.Command:
    found: click.Command | None = cli
    context = click.Context(cli)
    for word in words.split():
        assert isinstance(found, click.Group)
        found = found.get_command(context, word)
    assert found is not None
    return found


def _options(command: click.Command) -> dict[str, click.Option]:
    return {
        spelled.removeprefix("--"): option
        for option in command.params
        if isinstance(option, click.Option)
        for spelled in option.opts
        if spelled.startswith("--")
    }


@pytest.mark.parametrize("words", ARGOCD)
def test_a_command_takes_the_flags_of_argocd(words: str) -> None:
    taken, left_out = (set(text.split()) for text in ARGOCD[words])
    options = set(_options(_command(words)))

    assert taken <= options
    assert not left_out & options


@pytest.mark.parametrize("words", ARGOCD)
def test_what_is_left_out_is_told_with_its_reason(words: str) -> None:
    (row,) = [
        line for line in REFERENCE.read_text().splitlines() if line.startswith(f"| `{words}` |")
    ]

    missing = [name for name in ARGOCD[words][1].split() if f"`--{name}`" not in row]
    assert not missing


@pytest.mark.parametrize("words", OUTPUTS)
def test_the_output_has_the_forms_of_argocd(words: str) -> None:
    kind = _options(_command(words))["output"].type

    assert isinstance(kind, click.Choice)
    assert set(OUTPUTS[words].split()) <= set(kind.choices)


@pytest.mark.parametrize("words", ARGOCD)
def test_the_kubeconfigs_context_can_be_chosen(words: str) -> None:
    assert {"kubeconfig", "kube-context", "core"} <= set(_options(_command(words)))
