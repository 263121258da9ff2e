"""Trials, which production does not install: the demo, the generator, chaos, their servers and their gateway."""
