"""The decisions, one file each. A stage sees a frozen case file and a piece of evidence, and says what follows.

Machine stages also say, where anybody must be asked, how that is gathered for a whole batch at once.
"""
