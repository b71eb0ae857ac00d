"""Helm repositories and OCI registries: versions found, archives fetched and unpacked once."""
