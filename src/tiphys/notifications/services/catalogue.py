"""Finds a service by its type.

Source: Argo CD operator manual, "Notifications, Services".
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from tiphys.engine.notifications.configuration import ServiceConfig
from tiphys.notifications.errors import DeliveryError
from tiphys.notifications.http import AnyCertificate, Http
from tiphys.notifications.message import Service, options_of
from tiphys.notifications.services import alerting, chats, marking, teams
from tiphys.notifications.services.apprise import Apprise, AppriseOptions
from tiphys.notifications.services.aws import Sqs, SqsOptions
from tiphys.notifications.services.email import Email, EmailOptions
from tiphys.notifications.services.github import GitHub, GitHubOptions
from tiphys.notifications.services.slack import Slack, SlackOptions
from tiphys.notifications.services.webhook import Webhook, WebhookOptions

Make = Callable[[Mapping[str, Any], Http], Service]


def _make(
    service: Callable[[Any, Http], Service], record: type, options: Mapping[str, Any], http: Http
) -> Service:
    return service(options_of(options, record), http)


SERVICES: Final[dict[str, Make]] = {
    "alertmanager": partial(_make, alerting.Alertmanager, alerting.AlertmanagerOptions),
    "apprise": partial(_make, Apprise, AppriseOptions),
    "awssqs": partial(_make, Sqs, SqsOptions),
    "email": partial(_make, Email, EmailOptions),
    "github": partial(_make, GitHub, GitHubOptions),
    "googlechat": partial(_make, chats.GoogleChat, chats.GoogleChatOptions),
    "grafana": partial(_make, marking.Grafana, marking.GrafanaOptions),
    "mattermost": partial(_make, chats.Mattermost, chats.MattermostOptions),
    "newrelic": partial(_make, marking.NewRelic, marking.NewRelicOptions),
    "opsgenie": partial(_make, alerting.Opsgenie, alerting.OpsgenieOptions),
    "pagerduty": partial(_make, alerting.PagerDuty, alerting.PagerDutyOptions),
    "pagerdutyv2": partial(_make, alerting.PagerDutyEvents, alerting.PagerDutyEventsOptions),
    "pushover": partial(_make, chats.Pushover, chats.PushoverOptions),
    "rocketchat": partial(_make, chats.RocketChat, chats.RocketChatOptions),
    "slack": partial(_make, Slack, SlackOptions),
    "teams": partial(_make, teams.Teams, teams.TeamsOptions),
    "teams-workflows": partial(_make, teams.TeamsWorkflows, teams.TeamsOptions),
    "telegram": partial(_make, chats.Telegram, chats.TelegramOptions),
    "webex": partial(_make, chats.Webex, chats.WebexOptions),
    "webhook": partial(_make, Webhook, WebhookOptions),
}


def make_service(config: ServiceConfig, http: Http) -> Service:
    """Return a service that is ready to send.

    Raises:
        DeliveryError: its type is not known, or its options are not understood.
    """
    make = SERVICES.get(config.type)
    if make is None:
        raise DeliveryError(
            f"there is no service of type `{config.type[:64]}`",
            hint=f"Use one of {', '.join(sorted(SERVICES))}.",
        )
    takes_any = str(config.options.get("insecureSkipVerify", "")).lower() == "true"
    return make(config.options, AnyCertificate(http) if takes_any else http)
