"""What the console says to the provider as a client of OAuth 2.0: the request, the exchange of a code, the leaving."""

from urllib.parse import quote_plus

from authlib.common.urls import add_params_to_uri
from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.base import OAuth2Error
from authlib.oauth2.client import OAuth2Client

from models.errors import Refused
from models.settings import settings
from workflows.staff.provider.calls import ProviderAway, Session
from workflows.staff.provider.discovery import Metadata

BACK = "/console/sign-in/provider/back"
AFTERWARDS = "/console/sign-in"
# Errors that say that the provider, and not the person or the settings, is in the way (Core 1.0, 3.1.2.6).
AWAY = ("server_error", "temporarily_unavailable")
KNOWN = (
    *("invalid_request", "invalid_client", "invalid_grant", "invalid_scope", "unauthorized_client"),
    *("unsupported_grant_type", "unsupported_response_type", "login_required", "interaction_required"),
    *("consent_required", "account_selection_required", "registration_not_supported", "request_not_supported"),
)


def request_address(metadata: Metadata, state: str, nonce: str, verifier: str) -> str:
    """Where the browser goes to sign in."""
    acr = settings().oidc_acr
    more = {"nonce": nonce} | ({"acr_values": acr} if acr else {})
    address, _ = client().create_authorization_url(metadata.authorization_endpoint, state, verifier, **more)
    return str(address)


def exchange(metadata: Metadata, code: str, verifier: str) -> tuple[str, str]:
    """The ID token and the access token of a code. Raises Refused and ProviderAway."""
    try:
        given = client().fetch_token(metadata.token_endpoint, auth=proof(metadata), code=code, code_verifier=verifier)
    except OAuth2Error as error:
        raise meant(str(error.error)) from None
    except (ValueError, TypeError):
        raise ProviderAway("The identity provider's tokens cannot be understood.") from None
    token, access_token = given.get("id_token"), given.get("access_token")
    if not isinstance(token, str) or not isinstance(access_token, str):
        raise Refused("bad_proof", "token")
    return token, access_token


def leaving_address(metadata: Metadata) -> str:
    """Where the provider ends its own session (RP-Initiated Logout 1.0); '' where it has no such address.

    Without `id_token_hint`: we keep no token, so the provider may ask the person whether they mean it.
    """
    if not metadata.end_session_endpoint:
        return ""
    known = {"client_id": settings().oidc_client_id, "post_logout_redirect_uri": our_address(AFTERWARDS)}
    return str(add_params_to_uri(metadata.end_session_endpoint, list(known.items())))


def meant(error: str) -> Refused | ProviderAway:
    """What an error of the provider means. Its description is not kept: it may name a person."""
    if error in AWAY:
        return ProviderAway(f"The identity provider says {error}.")
    if error == "access_denied":
        return Refused("sign_in_denied", error)
    return Refused("provider_refused", error if error in KNOWN else "another error")


def client() -> OAuth2Client:
    """Authlib's client, which calls by our own session."""
    return OAuth2Client(
        Session(),
        settings().oidc_client_id,
        scope="openid",
        redirect_uri=our_address(BACK),
        code_challenge_method="S256",
    )


def proof(metadata: Metadata) -> ClientAuth:
    """How the console proves itself at the token endpoint (RFC 6749, 2.3.1, which has both parts encoded)."""
    name, kept = settings().oidc_client_id, settings().oidc_client_secret
    if not kept:
        return ClientAuth(name, None, "none")
    secret = kept.get_secret_value()
    methods = metadata.token_endpoint_auth_methods_supported
    if "client_secret_basic" not in methods and "client_secret_post" in methods:
        return ClientAuth(name, secret, "client_secret_post")
    return ClientAuth(quote_plus(name), quote_plus(secret), "client_secret_basic")


def our_address(path: str) -> str:
    """An address of ours, as browsers reach it."""
    return settings().console_url.rstrip("/") + path
