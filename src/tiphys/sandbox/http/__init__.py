"""Requests and answers: what is asked, in which form, and how it is shown."""
