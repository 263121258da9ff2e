"""How documents are sealed: each by a key of its own, and that key by one of the installation's (AES-GCM).

Content and key are bound to the document and its case: moved to another row, neither opens.
"""

import hmac
import secrets
from hashlib import sha256
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from models.errors import Broken, Unavailable
from models.settings import settings

NONCE = 12  # bytes


class Sealed(NamedTuple):
    """A document's content, its key, and the id of the key that this one is wrapped by."""

    content: bytes
    wrapped_key: bytes
    key_id: str


def new_id() -> str:
    """The id of a document, which nobody guesses."""
    return secrets.token_urlsafe(18)


def bound_to(document: str, case_id: int) -> bytes:
    """What a seal is bound to."""
    return f"document\0{document}\0{case_id}".encode()


def seal(document: str, case_id: int, content: bytes) -> Sealed:
    """Seals the content of a document by a new key, which the newest key of the settings wraps."""
    key, bound = AESGCM.generate_key(256), bound_to(document, case_id)
    return Sealed(locked(key, content, bound), *wrap(key, bound))


def unseal(document: str, case_id: int, sealed: Sealed) -> bytes:
    """The content of a document. Raises Unavailable where its key is not among ours; Broken where it was changed."""
    bound = bound_to(document, case_id)
    try:
        key = unlocked(key_of(sealed.key_id), sealed.wrapped_key, bound + sealed.key_id.encode())
        return unlocked(key, sealed.content, bound)
    except (InvalidTag, ValueError):
        raise Broken("A document does not open: its row was changed, or its key is another.") from None


def wrap_again(document: str, case_id: int, wrapped_key: bytes, key_id: str) -> tuple[bytes, str]:
    """The key of a document, wrapped by the newest key. Raises what `unseal` raises."""
    bound = bound_to(document, case_id)
    try:
        key = unlocked(key_of(key_id), wrapped_key, bound + key_id.encode())
    except (InvalidTag, ValueError):
        raise Broken("The key of a document does not open: its row was changed, or its key is another.") from None
    return wrap(key, bound)


def wrap_opens(document: str, case_id: int, wrapped_key: bytes, key_id: str) -> bool:
    """Whether the key of a document opens by the key that wraps it, which is among ours."""
    try:
        unlocked(known_keys()[key_id], wrapped_key, bound_to(document, case_id) + key_id.encode())
    except (InvalidTag, ValueError):
        return False
    return True


def known_keys() -> dict[str, bytes]:
    """The keys of the settings by their ids; none where none was ever made, and none is made by asking."""
    there = settings().document_keys is not None or settings().document_keys_file().exists()
    return settings().document_keyring() if there else {}


def wrap(key: bytes, bound: bytes) -> tuple[bytes, str]:
    """A document's key, wrapped by the newest key of the settings, and the id of that one."""
    key_id = newest_key_id()
    return locked(key_of(key_id), key, bound + key_id.encode()), key_id


def newest_key_id() -> str:
    """The id of the key that wraps new ones."""
    return next(iter(settings().document_keyring()))


def key_of(key_id: str) -> bytes:
    """A key of the settings. Raises Unavailable where it is not there."""
    try:
        return settings().document_keyring()[key_id]
    except KeyError:
        text = f"SIJIL_DOCUMENT_KEYS has no key '{key_id}', which documents need. Put it back, after the newest."
        raise Unavailable(text) from None


def locked(key: bytes, content: bytes, bound: bytes) -> bytes:
    """A nonce and what is sealed with it."""
    nonce = secrets.token_bytes(NONCE)
    return nonce + AESGCM(key).encrypt(nonce, content, bound)


def unlocked(key: bytes, sealed: bytes, bound: bytes) -> bytes:
    """What was sealed. Raises InvalidTag or ValueError."""
    return AESGCM(key).decrypt(sealed[:NONCE], sealed[NONCE:], bound)


def digest_of(case_id: int, sent: bytes) -> bytes:
    """By which the same file is known again in the same case, and nobody can test a guess."""
    return hmac.digest(settings().key(), f"document\0{case_id}\0".encode() + sha256(sent).digest(), sha256)
