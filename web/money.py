"""Amounts of dirhams as people write them: `120 درهم`, `1 200 DH`, `1.200,50`, in digits of any script. Pure."""

import re

from workflows.bodies.text import canonical

CURRENCY = r"(?:dhs?|dirhams?|mad|درهم[اًٌٍ]*|دراهم|د ?\.? ?م)\.?(?: مغربي[اًة]*)?"
AMOUNT_OF_MONEY = re.compile(rf"(?:{CURRENCY})? ?(-?[0-9.,٫]+(?: [0-9.,٫]+)*) ?(?:{CURRENCY})?", re.IGNORECASE)
BLANKS = re.compile(r"[\s٬'’]+")  # what stands between thousands and means nothing else
AROUND = re.compile(r" ?([.,٫]) ?")
CENTS = r"([0-9]{1,2})"
# The ways to write an amount that can be read in one way only: its dirhams, and its cents where it has some.
CLEAR = tuple(
    re.compile(each)
    for each in (
        rf"([0-9]+)(?:[.,٫]{CENTS})?",
        rf"([0-9]{{1,3}}(?: [0-9]{{3}})+)(?:[.,٫]{CENTS})?",
        rf"([0-9]{{1,3}}(?:\.[0-9]{{3}})+)[,٫]{CENTS}",
        rf"([0-9]{{1,3}}(?:,[0-9]{{3}})+)[.٫]{CENTS}",
        r"([0-9]{1,3}(?:\.[0-9]{3}){2,})",
        r"([0-9]{1,3}(?:,[0-9]{3}){2,})",
    )
)
# Thousands with a point before them, or a part of a dirham; a large number, or cents after a blank.
UNCLEAR = re.compile(r"([1-9][0-9]{0,2})[.,]([0-9]{3})|([0-9]+) ([0-9]{1,2})")


class Unclear(ValueError):
    """An amount that can be read in two ways: as whole dirhams, or with a part of one."""

    def __init__(self, dirhams: str, rest: str) -> None:
        super().__init__("unclear")
        self.whole, self.with_cents = f"{dirhams}{rest}", f"{dirhams},{rest[:2]:0<2}"


def read_dirhams(typed: str) -> str:
    """An amount as declarations have it: digits, and a point before its cents.

    Raises Unclear for what can be read in two ways, and ValueError for what is no amount.
    """
    text = AROUND.sub(r"\1", BLANKS.sub(" ", canonical(typed).replace("،", ","))).strip()
    found = AMOUNT_OF_MONEY.fullmatch(text)
    if not found:
        raise ValueError("no amount")
    written = found[1].rstrip(".,")
    sign, digits = ("-", written[1:]) if written.startswith("-") else ("", written)
    for clear in (each.fullmatch(digits) for each in CLEAR):
        if clear:
            dirhams, cents, *_ = (*clear.groups(), None)
            return sign + re.sub("[^0-9]", "", dirhams) + (f".{cents}" if cents else "")
    if either := UNCLEAR.fullmatch(digits):
        dirhams, rest = filter(None, either.groups())
        raise Unclear(dirhams, rest)
    raise ValueError("no amount")
