"""The decisions, one file each: `decide` reads a frozen case file and a piece of evidence, and returns what follows.

A stage of the machine that must ask somebody also has `gather`, which asks once for a whole batch of cases.
"""
