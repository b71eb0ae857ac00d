"""The API whole: every endpoint, and the routes that answer them."""

from starlette.routing import Route

from tiphys.delivery.preview import Previewer
from tiphys.delivery.validation import Validator
from tiphys.server.application_finder import ApplicationFinder
from tiphys.server.context import ApiContext
from tiphys.server.dispatch import Dispatcher
from tiphys.server.observing import Observer
from tiphys.server.routes.account import AccountRoutes
from tiphys.server.routes.application_actions import ActionRoutes
from tiphys.server.routes.application_changes import ChangeRoutes
from tiphys.server.routes.application_logs import LogRoutes
from tiphys.server.routes.application_objects import ObjectRoutes
from tiphys.server.routes.application_operations import OperationRoutes
from tiphys.server.routes.application_resources import ResourceRoutes
from tiphys.server.routes.application_sources import SourceRoutes
from tiphys.server.routes.applications import ApplicationRoutes
from tiphys.server.routes.applicationsets import applicationset_endpoints
from tiphys.server.routes.badge import badge_route
from tiphys.server.routes.certificates import CertificateRoutes
from tiphys.server.routes.clusters import ClusterRoutes
from tiphys.server.routes.documents import document_routes
from tiphys.server.routes.project_tokens import ProjectTokenRoutes
from tiphys.server.routes.projects import ProjectRoutes
from tiphys.server.routes.repositories import RepositoryRoutes
from tiphys.server.routes.repository_contents import ContentRoutes
from tiphys.server.routes.session import SessionRoutes
from tiphys.server.routes.settings import SettingsRoutes
from tiphys.server.routes.version import version_endpoint
from tiphys.server.table import Endpoint


def endpoints_of(context: ApiContext, finder: ApplicationFinder) -> list[Endpoint]:
    """Return the table of all endpoints."""
    validator = Validator(context.installation, context.clusters, context.targets)
    previewer = Previewer(context.installation, context.clusters, context.targets, context.comparer)
    return [
        version_endpoint(context.access),
        *SessionRoutes(context.login).endpoints(),
        *AccountRoutes(context.login).endpoints(),
        *SettingsRoutes(context.login).endpoints(),
        *ProjectTokenRoutes(context.login).endpoints(),
        *ApplicationRoutes(context, finder).endpoints(),
        *ChangeRoutes(context, finder, validator).endpoints(),
        *OperationRoutes(context, finder).endpoints(),
        *ResourceRoutes(context).endpoints(),
        *ObjectRoutes(context, finder).endpoints(),
        *ActionRoutes(context, finder).endpoints(),
        *SourceRoutes(context, previewer).endpoints(),
        *LogRoutes(context).endpoints(),
        *ProjectRoutes(context).endpoints(),
        *RepositoryRoutes(context.repositories).endpoints(),
        *ContentRoutes(context, finder).endpoints(),
        *ClusterRoutes(context).endpoints(),
        *CertificateRoutes(context).endpoints(),
        *applicationset_endpoints(),
    ]


def api_routes(context: ApiContext) -> list[Route]:
    """Return the routes of the API."""
    finder = ApplicationFinder(context.installation, context.model)
    dispatcher = Dispatcher(
        access=context.access,
        finder=finder,
        settings=_Settings(),
        observer=Observer(context.metrics.server),
    )
    endpoints = endpoints_of(context, finder)
    badge = badge_route(context.installation, context.model, finder)
    return [*dispatcher.routes(endpoints), *document_routes(endpoints), badge]


class _Settings:
    content_types = frozenset({"application/json"})
    compresses = True
