"""What the cluster says of itself: discovery, OpenAPI, and the kinds that definitions add."""
