"""Git: one bare mirror a repository, one fetch for all Applications on it."""
