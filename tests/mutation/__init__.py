"""Mutation testing of the engine."""
