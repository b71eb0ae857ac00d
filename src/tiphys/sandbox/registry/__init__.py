"""From create to delete: what becomes of an object between a request and the store."""
