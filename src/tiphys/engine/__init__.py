"""Pure decisions: what is ours, what differs, how healthy it is, and what a sync would do.

No module in here does I/O, looks at a clock or keeps state; look-ups, interpreters and time come
in as arguments.
"""
