"""Tells people and systems what happened to Applications: the notifications of Argo CD."""
