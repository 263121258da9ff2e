"""Compares a declared person with the population register's entry: verdicts, and no stored value, come of it.

The one function for it, wherever the register is: in this database or behind its service.
"""

from workflows.evidence import Compared, RegisteredPerson
from workflows.matching.births import DAY, Birth, BirthVerdict, compare_births, parts_that_differ
from workflows.matching.verdict import NameVerdict, compare_names, names_that_differ
from workflows.registers.ports import DeclaredPerson

AGREES = Compared()  # alive, and the same in all
DECIMALS = 4  # of a score
# Verdicts by which something differs, so that it is told what.
ANOTHER_NAME = (NameVerdict.NEITHER, NameVerdict.OTHER)
ANOTHER_BIRTH = (BirthVerdict.SWAPPED, BirthVerdict.ONE_DIGIT, BirthVerdict.DIFFERENT)


def compared(declared: DeclaredPerson, registered: RegisteredPerson) -> Compared:
    """What the register says of a person whom somebody declares."""
    names = compare_names(declared, registered)
    if names.score == 1 and registered.status == AGREES.status and is_same_day(declared, registered):
        return AGREES
    ours = Birth(declared.birth_date, declared.birth_precision)
    theirs = Birth(registered.birth_date, registered.birth_precision)
    birth = compare_births(ours, theirs)
    differs = names_that_differ(declared, registered) if names.verdict in ANOTHER_NAME else ()
    differs += parts_that_differ(ours, theirs) if birth in ANOTHER_BIRTH else ()
    return Compared(
        status=registered.status,
        name=names.verdict.value,
        score=round(names.score, DECIMALS),
        birth=birth.value,
        differs=differs,
    )


def is_same_day(declared: DeclaredPerson, registered: RegisteredPerson) -> bool:
    """Whether the birth dates are one day, known to the day on both sides."""
    return (
        declared.birth_date == registered.birth_date and declared.birth_precision == registered.birth_precision == DAY
    )
