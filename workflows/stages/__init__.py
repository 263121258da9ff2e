"""The decisions, one file each. A stage sees a frozen case file and a piece of evidence, and says what follows.

Machine stages say what evidence they decide ON and, where anybody must be asked, how it is gathered for a whole batch at once.
"""
