"""Generates a population and its applications, with planted errors and the truth about them in a file."""
