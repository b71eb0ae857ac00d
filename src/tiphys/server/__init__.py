"""The HTTP side: today the webhook and health routes, later the REST API and the UI."""
