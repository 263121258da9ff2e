"""Invented persons whose records repeat, to train and to measure the search for likely duplicates."""
