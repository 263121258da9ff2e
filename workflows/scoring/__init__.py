"""The score: the variables of a declaration, the formula, and a calculator with which anybody can check it."""
