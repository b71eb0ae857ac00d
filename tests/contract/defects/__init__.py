"""Planted defects, a module for each group of the suite; see tests/contract/planted.py."""
