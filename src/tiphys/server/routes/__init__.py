"""One module a noun; errors rise to `server.problems`, which alone knows HTTP status codes."""
