"""One Application: when to look at it, what to write of it, how to sync and delete it."""
