"""How many segments an SMS takes (3GPP TS 23.038), because each is paid for."""

GSM_7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ "
    "!\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
TWO_SEPTETS = frozenset("^{}\\[~]|€\f")
MOST_SEGMENTS = 2


def segments(text: str) -> int:
    """How many segments: 160 septets alone or 153 each in GSM-7, else 70 UTF-16 units alone or 67 each."""
    if all(letter in GSM_7 or letter in TWO_SEPTETS for letter in text):
        length, alone, each = len(text) + sum(letter in TWO_SEPTETS for letter in text), 160, 153
    else:
        length, alone, each = len(text.encode("utf-16-be")) // 2, 70, 67
    return 1 if length <= alone else -(-length // each)
