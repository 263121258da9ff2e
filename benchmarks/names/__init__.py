"""Trains and measures the comparison of names, on names and places of other countries than Morocco."""
