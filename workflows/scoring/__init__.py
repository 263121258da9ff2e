"""The score: the variables of a declaration, the formula, and a calculator for whoever wants to know."""
