"""Words of the two languages that stand in many names: articles, kinship, faith, titles. No names are listed here."""

import re


def these(words: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(words.split())


# El, al: the article of any word; the others only of one that begins with their consonant (ed Din, ech Cherif).
ARTICLES = these("el al ul il ell er es en ed et ez ech esh ad ar as at az ash an ال")
# The article joined to a Latin word: Elfassi, Lamrani, or doubled before a sun letter (Ettazi).
BOUND_ARTICLE = re.compile(r"^(?:el|al|ul|il|l)(?=[a-z]{3})|^[ae](?=([tdrzsnlc])\1)")
# Abd, "servant of": one word with what follows.
SERVANT = {"ar": "عبد", "la": "abd"}
SERVANTS = these("abd abdel abdal abdul abdoul abdil abdol abdu abdou عبد")
JOINED_SERVANT = re.compile(r"^abd(?:[aeiou]|ou)l(?=[a-z]{2})|^abd[aeiu](?=[rsnztdc])|^abdl(?=[^aeiouyl])")
SERVANT_OF_GOD = re.compile(r"^abd[aeou]*ll?ah?i?$")
# -eddine and -allah: one word with what stands before.
FAITH = {"ar": "دين", "la": "din"}
OF_FAITH = these("dine deen eddine eddin addin addine uddin aldin eldin eldine edine ddine الدين")
JOINED_FAITH = re.compile(r"(?<=\w\w)(?:[aeou]l?|[aeou])dd?(?:ine?|een)$")
GOD = {"allah": "lah", "ellah": "lah", "ullah": "lah", "الله": "له"}
JOINED_GOD = re.compile(r"(?<=\w\w)[aeou]ll?ah?$")
# Abou and Oum, "father of" and "mother of", joined to what follows, with its article or without.
JOINED_FATHER = re.compile(r"^ab(?:ou|u|o)l?(?=[a-z]{3})")
JOINED_MOTHER = re.compile(r"^oum(?:el|al)(?=[a-z]{3})")
# Kinship and descent, each form with the one that stands for it, so that bin and ben, or Abou and Bou, are one.
KIN_FORMS = {
    "ben": "ben bin ibn bn", "bent": "bent bint mint", "bou": "bou abou abu bu aboul abul abi abo",
    "oum": "oum um umm om", "beni": "beni banu", "ould": "ould wld wuld", "oulad": "ouled oulad awlad",
    "ait": "ait ayt ath", "ou": "ou u",
    "بن": "بن ابن", "بنت": "بنت منت", "بو": "بو ابو ابي ابا", "ام": "ام", "بني": "بني", "ولد": "ولد", "اولاد": "اولاد",
    "ايت": "ايت", "او": "او",
}  # fmt: skip
KIN = {form: kin for kin, forms in KIN_FORMS.items() for form in forms.split()}
TITLES = these(
    """sidi si my mly moulay moulaye mulay mawlay lalla lala lla haj hajj hadj hajja hadja cheikh shaykh sheikh chikh
    dr docteur pr prof maitre mr mme mlle
    سيدي سي مولاي لالة لالا للا حاج حاجة شيخ شيخة دكتور دكتورة استاذ استاذة"""
)
# Before the other name of a woman who married: née, épouse, veuve.
MARKERS = these("nee ne ep epse epouse vve veuve زوجة ارملة حرم")


def is_article(text: str, following: str) -> bool:
    """Whether a word is the article of the next."""
    return text in ARTICLES and (text[-1] in "lل" or text[1] == following[:1])


def is_title(text: str) -> bool:
    """Whether a word is a title, with its article or without."""
    return text in TITLES or (text[:2] in ("el", "al", "ال") and text[2:] in TITLES)
