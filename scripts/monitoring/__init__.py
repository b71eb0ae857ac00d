"""Dashboards, alert rules and scrape configuration, generated from one small description."""
