"""Parses ConfigMaps and Secrets that it is handed into frozen settings; reads nothing itself."""
