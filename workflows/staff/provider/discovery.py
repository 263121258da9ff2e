"""What the identity provider says of itself (OpenID Connect Discovery 1.0), and its keys: fetched, and kept a while."""

from collections.abc import Callable, Collection, Iterator
from functools import cache, partial
from threading import Lock
from time import monotonic
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit

import msgspec
import structlog
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey, import_key

from models import foreign
from models.errors import Refused, describe
from models.settings import settings
from workflows.staff.provider.calls import ProviderAway, call

PATH = "/.well-known/openid-configuration"
AN_HOUR, A_DAY = 3600.0, 86_400.0  # seconds: what is kept is fresh for an hour, and of use for a day
AGAIN = 60.0  # seconds between two looks for a key that is not there
PAUSE = 5.0  # seconds after a failure in which nobody asks again
LEAST_BITS = 2048  # of an RSA key
KIND_OF = {"RS256": "RSA", "PS256": "RSA", "ES256": "EC", "EdDSA": "OKP", "Ed25519": "OKP"}
Fetched = TypeVar("Fetched")
PublicKey = RSAKey | ECKey | OKPKey
log = structlog.get_logger()


class Metadata(msgspec.Struct, frozen=True):
    """What we use of the discovery document."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    end_session_endpoint: str | None = None
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    authorization_response_iss_parameter_supported: bool = False


class KeySet(msgspec.Struct, frozen=True):
    """A set of keys (RFC 7517), each as it came."""

    keys: list[dict[str, Any]]


class Kept(Generic[Fetched]):
    """Something that is fetched, by one thread at a time, and kept; an old one serves while the provider is away."""

    def __init__(self, fetch: Callable[[], Fetched]) -> None:
        self.fetch, self.lock = fetch, Lock()
        self.value: Fetched | None = None
        self.fetched_at = self.failed_at = float("-inf")
        self.failure = ""

    def get(self, fresh: float = AN_HOUR) -> Fetched:
        """What is kept, if it was fetched within so many seconds; else a new one. Raises ProviderAway."""
        with self.lock:
            if self.value is None or monotonic() - self.fetched_at >= fresh:
                self.renew()
            if self.value is None or monotonic() - self.fetched_at >= A_DAY:
                raise ProviderAway(self.failure)
            return self.value

    def renew(self) -> None:
        """Fetches it, unless that failed just now."""
        if monotonic() - self.failed_at < PAUSE:
            return
        try:
            self.value, self.fetched_at = self.fetch(), monotonic()
        except ProviderAway as error:
            self.failed_at, self.failure = monotonic(), str(error)
            log.warning("identity provider away", error=describe(error).error)


class Provider:
    """The identity provider of an issuer."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self._metadata = Kept(partial(fetch_metadata, issuer))
        self._keys = Kept(lambda: fetch_keys(self.metadata().jwks_uri))

    def metadata(self) -> Metadata:
        """What it says of itself. Raises ProviderAway."""
        return self._metadata.get()

    def key_of(self, algorithm: str, kid: str | None) -> PublicKey:
        """The key that a token names, for its algorithm; looks for new keys where there is none.

        Raises Refused for a token whose key there is not, and ProviderAway.
        """
        for fresh in (AN_HOUR, AGAIN):
            found = [key for key in self._keys.get(fresh) if fits(key, algorithm, kid)]
            if len(found) == 1 or (found and kid):
                return found[0]
        raise Refused("bad_proof", "key")


@cache
def provider_of(issuer: str) -> Provider:
    """The provider of an issuer, with what this process keeps of it."""
    return Provider(issuer)


def provider() -> Provider:
    """The provider of the settings. Raises Refused where there is none."""
    if not settings().oidc_issuer:
        raise Refused("no_provider", "No identity provider is set (SIJIL_OIDC_ISSUER).")
    return provider_of(settings().oidc_issuer)


def fetch_metadata(issuer: str) -> Metadata:
    """The discovery document. Raises ProviderAway for one of another issuer, or whose addresses are not safe."""
    found = read_json(issuer.rstrip("/") + PATH, Metadata)
    if found.issuer != issuer:
        raise ProviderAway(f"The identity provider names itself '{found.issuer}'. Set SIJIL_OIDC_ISSUER so.")
    addresses = (found.authorization_endpoint, found.token_endpoint, found.jwks_uri, found.end_session_endpoint)
    if not all(is_safe(each, issuer) for each in addresses if each is not None):
        raise ProviderAway("The identity provider names an address that is not encrypted.")
    return found


def is_safe(address: str, issuer: str) -> bool:
    """Whether an address is as safe as the issuer's: encrypted, or on this host where the issuer itself is."""
    scheme, host = urlsplit(address).scheme, urlsplit(address).hostname
    at_home = issuer.startswith("http://") and host == urlsplit(issuer).hostname
    return address.isprintable() and bool(host) and (scheme == "https" or (scheme == "http" and at_home))


def fetch_keys(address: str) -> Collection[PublicKey]:
    """The keys that sign, of the kinds that we take. Raises ProviderAway where there is none."""
    keys = [key for each in read_json(address, KeySet).keys for key in public_key(each)]
    if not keys:
        raise ProviderAway("The identity provider has no key that we take.")
    return keys


def public_key(given: dict[str, Any]) -> Iterator[PublicKey]:
    """The key, if it can be read, signs, and is strong enough."""
    modulus = given.get("n")
    weak = isinstance(modulus, str) and len(modulus) * 6 < LEAST_BITS
    if given.get("kty") not in KIND_OF.values() or given.get("use", "sig") != "sig" or weak:
        return
    try:
        key = import_key(
            {name: given[name] for name in ("kty", "kid", "alg", "crv", "x", "y", "n", "e") if name in given}
        )
    except (JoseError, ValueError, TypeError):
        return
    if isinstance(key, PublicKey) and (given.get("crv") in (None, "P-256", "Ed25519")):
        yield key


def fits(key: PublicKey, algorithm: str, kid: str | None) -> bool:
    """Whether a key is the one that a token names, and of its algorithm."""
    return (
        KIND_OF.get(algorithm) == key.key_type
        and key.get("alg") in (None, algorithm)
        and (kid is None or key.kid == kid)
    )


def read_json(address: str, kind: type[Fetched]) -> Fetched:
    """A document of the provider. Raises ProviderAway for none, and for one that cannot be understood."""
    response = call("GET", address, {})
    try:
        if response.status_code == 200:
            return foreign.read_json(response.content, kind)
    except ValueError:
        pass
    host = urlsplit(address).netloc.rpartition("@")[2]
    raise ProviderAway(
        f"The identity provider at {host} gives no document that can be understood: HTTP {response.status_code}."
    )
