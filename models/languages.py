"""The languages of the register, one line each, from which everything that speaks follows.

To add a language: a line here, and its catalogues in the `locales` of notifications/ and of web/ (CONTRIBUTING). One
whose translation nobody has read yet who speaks it begins among the drafts, with the catalogue of its pages alone.
"""

from typing import NamedTuple


class Language(NamedTuple):
    """A language: the direction of its script, its own name for itself, and the locale of its dates and numbers.

    `console`: whether the staff may read the console in it.
    """

    direction: str
    name: str
    locale: str
    console: bool = False


LANGUAGES = {
    "ar": Language("rtl", "العربية", "ar_MA", console=True),  # plain `ar` would name the months as in Syria
    "fr": Language("ltr", "Français", "fr_MA", console=True),
    "en": Language("ltr", "English", "en_GB", console=True),
}
# Shown where `draft_languages` allows it. What their catalogues lack is said in Arabic, and so are all messages.
DRAFTS = {
    "zgh": Language("ltr", "ⵜⴰⵎⴰⵣⵉⵖⵜ", "zgh_MA"),
}
# What browsers call the Amazigh languages of Morocco: Central Atlas, Berber as a whole, Tashelhit and Tarifit.
ALSO_CALLED = dict.fromkeys(("tzm", "ber", "shi", "rif"), "zgh")
DEFAULT = "ar"
SOURCE = "en"  # the keys of the catalogues are its sentences, so that its own files hold coded keys alone
