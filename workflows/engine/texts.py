"""Stores what people say in their own words, beside the event that holds its digest, so that the law can erase it."""

from models.database import Connection
from workflows.engine.chain import digest, new_salt
from workflows.engine.record import copy

TEXTS = "case_id, seq, text, salt"


def take_text(connection: Connection, case_id: int, seq: int, text: str) -> str:
    """Stores the text of the event with this sequence; returns the digest that the event holds."""
    salt = new_salt()
    copy(connection, "case_text", TEXTS, [(case_id, seq, text, salt)])
    return sealed_text(salt, text)


def sealed_text(salt: bytes, text: str) -> str:
    """The digest of a text's stored bytes, as its event holds it."""
    return digest("text", salt, text.encode()).hex()
