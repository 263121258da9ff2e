"""Which calls to others may go through a proxy that the environment names (HTTP_PROXY)."""

from urllib.parse import urlsplit

from models.settings import HERE


def may_use_proxy(address: str) -> bool:
    """Whether a call to this address may: not one in the clear to this same host.

    It is in the clear because it does not leave the host, and a proxy would read it, and ask its own host.
    """
    parts = urlsplit(address)
    return parts.scheme != "http" or parts.hostname not in HERE
