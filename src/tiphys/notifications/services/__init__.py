"""The services, one module each; `catalogue` finds one by its type."""
