"""Talks to clusters: transport, discovery, watches, the live cache, and writes."""
