"""Interpreters for what users write in settings, with limits; handed to the engine as callables."""
