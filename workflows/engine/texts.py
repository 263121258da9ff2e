"""What people say in their own words: a row beside its event, which the law may erase; the event holds its digest."""

from models.database import Connection
from workflows.engine.chain import digest, new_salt
from workflows.engine.record import copy

TEXTS = "case_id, seq, text, salt"


def take_text(connection: Connection, case_id: int, seq: int, text: str) -> str:
    """Stores the text that the event of this sequence takes; the digest that the event holds."""
    salt = new_salt()
    copy(connection, "case_text", TEXTS, [(case_id, seq, text, salt)])
    return sealed_text(salt, text)


def sealed_text(salt: bytes, text: str) -> str:
    """The digest of a text's stored bytes that the event which takes it holds."""
    return digest("text", salt, text.encode()).hex()
