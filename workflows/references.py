"""References: the name of an application, which nobody can guess and which may be typed in many ways."""

import secrets

from workflows.declaration import EASTERN_DIGITS

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: no I, L, O, U to mistake


def new_reference() -> str:
    """60 random bits, as RSU-XXXX-XXXX-XXXX; it begins with a letter, so that it survives right-to-left text."""
    digits = "".join(secrets.choice(ALPHABET) for _ in range(12))
    return f"RSU-{digits[:4]}-{digits[4:8]}-{digits[8:]}"


def normal(reference: str) -> str:
    """A reference as it was typed, in its written form: lower case, blanks, Arabic-Indic digits and look-alikes are forgiven."""
    plain = typed(reference.upper().replace("-", "").strip().removeprefix("RSU"))
    return f"RSU-{plain[:4]}-{plain[4:8]}-{plain[8:]}"


def typed(code: str) -> str:
    """What somebody typed, in our alphabet: either kind of digits, look-alikes forgiven, anything else left out."""
    plain = code.upper().translate(EASTERN_DIGITS).translate(str.maketrans("ILO", "110"))
    return "".join(letter for letter in plain if letter in ALPHABET)
