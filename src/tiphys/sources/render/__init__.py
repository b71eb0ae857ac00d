"""The renderers, each run in a worker process that can be killed."""
