"""Tells how likely a new person is registered already: keys to search by, and a score in bits that explains itself.

    keys.py         what two records of one person share nearly always
    comparisons.py  how each field of two records agrees
    weights.py      how much each of these says; weights.json, made by benchmarks/persons/train.py
    scoring.py      the sum, and what it means
    wording.py      the reasons, in words

Nothing here refuses anybody or makes one person of two: a person looks at what is found.
"""
