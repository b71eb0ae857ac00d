"""Whether an Application's spec can work at all, before anything is fetched.

Source: Argo CD reference of the condition InvalidSpecError.
"""

from collections.abc import Iterator

from tiphys.delivery.clusters import Clusters
from tiphys.delivery.installation import Installation
from tiphys.engine.globs import names_any
from tiphys.engine.permissions import only_denials, permits_destination
from tiphys.model.application import Application
from tiphys.model.cluster import ClusterRecord
from tiphys.model.errors import InvalidInputError
from tiphys.model.project import AppProject
from tiphys.model.source import ApplicationSource
from tiphys.sources.addresses import redacted

# No address, path or name of this world is longer; who writes one means harm.
_MAX_LENGTH = 4096


def check_spec(
    app: Application, installation: Installation, clusters: Clusters
) -> tuple[AppProject, ClusterRecord] | list[str]:
    """Return the project and the cluster of an Application, or what is wrong with its spec."""
    oversized = [
        f"{field} has {len(value)} characters, {_MAX_LENGTH} are allowed"
        for field, value in _names(app)
        if len(value) > _MAX_LENGTH
    ]
    if oversized:
        return oversized
    project = installation.project(app.project)
    if project is None:
        return [f"Application referencing project {app.project} which does not exist"]
    if not permits_home(app, project, installation.namespace):
        return [
            f"application '{app.metadata.name}' in namespace '{app.metadata.namespace}' is not "
            f"permitted to use project '{app.project}': its sourceNamespaces do not name it"
        ]
    problems = list(_source_problems(app))
    record: ClusterRecord | None = None
    try:
        record = clusters.find(app.spec.destination)
    except InvalidInputError as err:
        problems.append(err.what)
    problems += _permission_problems(app, installation, project, record)
    if problems or record is None:
        return problems
    return project, record


def permits_home(app: Application, project: AppProject, namespace: str) -> bool:
    """Return whether a project is for an Application of the namespace that this one is in.

    Args:
        app: the Application.
        project: that it refers to.
        namespace: of the installation, whose Applications may use every project.
    """
    home = app.metadata.namespace
    return home == namespace or names_any(project.spec.source_namespaces, home)


def _names(app: Application) -> Iterator[tuple[str, str]]:
    """Yield the fields of a spec that name something, each with its value."""
    spec = app.spec
    yield "spec.project", spec.project
    yield "spec.destination.server", spec.destination.server
    yield "spec.destination.name", spec.destination.name
    yield "spec.destination.namespace", spec.destination.namespace
    for place, source in enumerate(spec.all_sources):
        prefix = f"spec.sources[{place}]" if spec.sources else "spec.source"
        yield f"{prefix}.repoURL", source.repo_url
        yield f"{prefix}.path", source.path
        yield f"{prefix}.chart", source.chart
        yield f"{prefix}.targetRevision", source.target_revision
        yield f"{prefix}.ref", source.ref


def _source_problems(app: Application) -> Iterator[str]:
    if app.spec.sources:
        for source in app.spec.sources:
            if not (source.repo_url and (source.path or source.chart or source.ref)):
                yield (
                    "spec.source.repoURL and either source.path, source.chart, or source.ref "
                    f"are required for source {_described(source)}"
                )
        refs = [source.ref for source in app.spec.sources if source.ref]
        if len(set(refs)) < len(refs):
            yield "invalid sources: multiple sources had the same `ref` key"
        return
    single = app.spec.source
    if single is None or not (single.repo_url and (single.path or single.chart)):
        yield ("spec.source.repoURL and either spec.source.path or spec.source.chart are required")
    elif single.chart and not single.target_revision:
        yield ("spec.source.targetRevision is required if the manifest source is a helm chart")


def _described(source: ApplicationSource) -> str:
    return f"{{repoURL: {redacted(source.repo_url)}}}"


def _permission_problems(
    app: Application,
    installation: Installation,
    project: AppProject,
    record: ClusterRecord | None,
) -> Iterator[str]:
    name, namespace = app.project, app.spec.destination.namespace
    for source in app.spec.all_sources:
        if source.repo_url and not installation.permits_source(source.repo_url, project):
            shown = redacted(source.repo_url)
            why = _only_denials("sourceRepos", project)
            yield f"application repo {shown} is not permitted in project '{name}'{why}"
    if record is None:
        return
    if not permits_destination(project, record, namespace):
        shown = redacted(record.server)
        yield (
            f"application destination server '{shown}' and namespace '{namespace}' do "
            f"not match any of the allowed destinations in project '{name}'"
            f"{_only_denials('destinations', project)}"
        )


def _only_denials(field: str, project: AppProject) -> str:
    """Say that a list permits nothing because it only denies, "" where it does more."""
    if field not in only_denials(project.spec):
        return ""
    return f": its {field} only deny, which permits nothing; add an entry that allows"
