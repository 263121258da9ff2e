"""Reads files of applications and persons: JSON and tables, as any program writes them."""
