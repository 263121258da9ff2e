"""Tells whether two records mean the same person, by names across spellings and scripts."""
