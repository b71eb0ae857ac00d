"""Keeps Applications equal to what their sources say.

A reconcile starts from a key and reads all state itself; one worker a key; it is woken by watches,
by answers of its own writes and by deadlines it asked for, never by polling.
"""
