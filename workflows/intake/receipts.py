"""Receipts: a reference, which nobody can guess and people type in many ways, and the secret that belongs to it.

The secret is derived from the reference and the installation's key: so a repeated request gets the same receipt again,
and no secret is stored.
"""

import hmac
import secrets
import unicodedata
from hashlib import sha256

from models.database import Connection
from models.errors import NotFound
from models.settings import settings
from workflows.bodies.text import canonical
from workflows.engine.load import COLUMNS, CaseRow

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: no I, L, O, U to mistake
LOOK_ALIKES = str.maketrans("ILO", "110")


def new_reference() -> str:
    """60 random bits, as RSU-XXXX-XXXX-XXXX; right-to-left text keeps its order, because it begins with a letter."""
    bits = secrets.randbits(60)
    digits = "".join([ALPHABET[(bits >> 5 * place) & 31] for place in range(12)])
    return f"RSU-{digits[:4]}-{digits[4:8]}-{digits[8:]}"


def normal(reference: str) -> str:
    """The written form of a reference, however it was typed.

    It forgives case, blanks, brackets, unseen marks, other digits and look-alikes.
    """
    plain = in_alphabet(letters_and_digits(reference).rpartition("RSU")[2])  # no code holds a U
    return f"RSU-{plain[:4]}-{plain[4:8]}-{plain[8:]}"


def is_whole(reference: str) -> bool:
    """Whether a typed reference has, in its written form, as many letters and digits as it needs."""
    return len(normal(reference)) == len("RSU-7K3M-9QWX-2D5T")


def in_alphabet(code: str) -> str:
    """A typed code in our alphabet: digits of any script and look-alikes are translated, all else is left out."""
    return "".join(letter for letter in letters_and_digits(code).translate(LOOK_ALIKES) if letter in ALPHABET)


def letters_and_digits(code: str) -> str:
    """The letters and digits of a code, in capitals; wide and mathematical letters become plain ones."""
    return "".join(filter(str.isalnum, canonical(unicodedata.normalize("NFKC", code)).upper()))


def secret_for(reference: str) -> str:
    """The secret of a reference: 50 bits in ten characters."""
    digest = int.from_bytes(hmac.digest(settings().key(), f"receipt\0{reference}".encode(), sha256)[:8], "big")
    return "".join(ALPHABET[(digest >> 5 * place) & 31] for place in range(10))


def is_secret_of(reference: str, secret: str) -> bool:
    """Whether this secret, however it was typed, belongs to the reference; compared in constant time."""
    return hmac.compare_digest(secret_for(reference), in_alphabet(secret))


OPENED_BY_US = "office:update:review:"  # how the keys begin of the reviews that the agency opens of entries
OPENED_BY_REGISTER = f"{OPENED_BY_US}register:"  # of those, where the population register told of something
# Of such a review: the receipts of its household's registration whose declarant is a member of the household still.
OF_REGISTRATION = """
    select filed.reference from receipt own join cases review on review.id = own.case_id
    join household h on h.id = review.household_id join cases first on first.id = h.registered_by
    join person_claim p on p.idcs = first.applicant_idcs and p.household_id = first.household_id
    join receipt filed on filed.case_id = first.id
    where own.reference = %s and starts_with(own.idempotency_key, %s)
"""
FIND = f"select {COLUMNS} from cases where id = (select case_id from receipt where reference = %s)"


def opens(connection: Connection, reference: str, secret: str) -> bool:
    """Whether this secret opens the case: it is of its receipt, or, where the agency opened the case and gave the
    household no receipt, of the household's registration.
    """
    if is_secret_of(reference, secret):
        return True
    filed = connection.execute(OF_REGISTRATION, [reference, OPENED_BY_US]).fetchall()
    return any(is_secret_of(each, secret) for (each,) in filed)


def find(connection: Connection, reference: str) -> CaseRow:
    """The case of a reference, however it was typed. Raises NotFound."""
    row = connection.execute(FIND, [normal(reference)]).fetchone()
    if row is None:
        form = "" if is_whole(reference) else " One looks like RSU-7K3M-9QWX-2D5T."
        raise NotFound(f"There is no application with the reference {reference}.{form}")
    return CaseRow(*row)
