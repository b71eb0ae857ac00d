"""Quotas: what objects use of a namespace, and what it allows."""
