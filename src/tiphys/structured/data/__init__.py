"""Package data: the types of the built-in kinds, written by `scripts/generate_schemas.py`."""
