"""Objects, their versions and their history, in SQLite."""
