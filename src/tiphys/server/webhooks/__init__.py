"""What Git hosts and registries send to `POST /api/webhook`.

Source: Argo CD operator manual, "Git Webhook Configuration"; each host's own documentation.
"""

from tiphys.server.webhooks.hosts import parse_webhook

__all__ = ["parse_webhook"]
