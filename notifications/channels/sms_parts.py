"""A text as the parts of one text message (3GPP TS 23.040): as few as it can be, and no letter cut in two."""

from collections.abc import Iterator
from typing import NamedTuple
from uuid import UUID

from smpplib.consts import SMPP_ENCODING_DEFAULT, SMPP_ENCODING_ISO10646, SMPP_GSMFEAT_UDHI, SMPP_MSGTYPE_DEFAULT
from smpplib.gsm import gsm_encode

# smpplib's table has them where the alphabet has nothing: they would arrive as § and as nothing.
NOT_IN_ALPHABET = frozenset("`\x1b")
# Octets of a message alone and of a joined part, without its header. GSM-7 goes as one octet a letter, which the
# operator packs.
GSM_7, UCS_2 = (160, 153), (140, 134)
MOST_PARTS = 255


class Parts(NamedTuple):
    """What the text is sent as: the octets of each part, its `data_coding` and its `esm_class`."""

    octets: list[bytes]
    coding: int
    esm_class: int


def parts_of(text: str, reference: UUID) -> Parts:
    """The parts of this text: GSM-7 if its alphabet has every letter, else UCS-2.

    The number that joins them comes from the message's reference. So a message that is sent again has the same one,
    and a telephone that kept some of its parts shows the text once. Raises ValueError for more than 255 parts.
    """
    letters, coding, (alone, joined) = encode(text)
    if sum(map(len, letters)) <= alone:
        return Parts([b"".join(letters)], coding, SMPP_MSGTYPE_DEFAULT)
    cut = list(pieces(letters, joined))
    if len(cut) > MOST_PARTS:
        raise ValueError(f"a text message has {MOST_PARTS} parts at the most")
    header = bytes([5, 0, 3, reference.bytes[-1], len(cut)])
    octets = [header + bytes([place]) + piece for place, piece in enumerate(cut, start=1)]
    return Parts(octets, coding, SMPP_GSMFEAT_UDHI)


def encode(text: str) -> tuple[list[bytes], int, tuple[int, int]]:
    """The octets of each letter, the `data_coding`, and how many octets a message and a joined part hold."""
    try:
        if NOT_IN_ALPHABET.isdisjoint(text):
            return [gsm_encode(letter) for letter in text], SMPP_ENCODING_DEFAULT, GSM_7
    except UnicodeError:
        pass
    return [letter.encode("utf-16-be", "replace") for letter in text], SMPP_ENCODING_ISO10646, UCS_2


def pieces(letters: list[bytes], most: int) -> Iterator[bytes]:
    """These letters in pieces of at most so many octets. A letter of two octets or four stays whole."""
    piece = b""
    for letter in letters:
        if len(piece) + len(letter) > most:
            yield piece
            piece = b""
        piece += letter
    yield piece
