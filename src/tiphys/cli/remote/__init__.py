"""The command line's way over the API of a server: where it is, and who we are there."""
