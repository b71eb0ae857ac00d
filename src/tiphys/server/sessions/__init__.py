"""Logging in and out, and the cookies that browsers keep of it."""
