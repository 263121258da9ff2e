"""The way in and out by the agency's identity provider: there, back, and what is said where it fails."""

from shlex import quote
from typing import Any

import structlog
from litestar import Request, get, post
from litestar.response import Redirect, Template

from models import clock
from models.errors import Refused, describe
from models.settings import settings
from web.console.cookies import BROWSER, SESSION, cookie
from web.console.guarded import ANYBODY
from web.console.pages import go, page, within
from web.console.sign_in import sign_in_page
from web.errors import retry_after, status_of
from web.threaded import apart
from workflows.staff.provider import flow
from workflows.staff.provider.calls import ProviderAway
from workflows.staff.provider.flow import Answer, UnknownPerson

Asked = Request[Any, Any, Any]
AWAY = 503
log = structlog.get_logger()


@post("/sign-in/provider", opt={"act": ANYBODY})
@apart
def begin(request: Asked) -> Template:
    """Begins a sign-in at the provider."""
    where = within(request.state.form.get("next"))
    try:
        address = flow.begin(request.state.browser, where, clock.now())
    except ProviderAway as error:
        return away(request, error, where)
    shown = leading_page(request, address)
    shown.cookies.append(cookie(BROWSER, request.state.browser))
    return shown


def leading_page(request: Asked, address: str) -> Template:
    """A page that leads to the provider at once.

    A redirect would not do: browsers hold the policy `form-action 'self'` against every address that a form leads to.
    """
    return page(request, "sign_in_leading.html", leads_to=address, provider_name=settings().oidc_name)


@get("/sign-in/provider/back", opt={"act": ANYBODY})
@apart
def come_back(request: Asked) -> Template | Redirect:
    """Takes the provider's answer, once, and begins the session of whom it proves."""
    try:
        begun, where = flow.finish(answer_in(request), request.state.browser, clock.now())
    except ProviderAway as error:
        return away(request, error, "/console")
    except UnknownPerson as unknown:
        return unknown_page(request, unknown.subject)
    except Refused as refused:
        log.warning("sign-in by the provider refused", code=refused.code, why=str(refused))
        return sign_in_page(request, status=status_of(refused), refused=refused)
    answer = go(within(where))
    answer.cookies.append(cookie(SESSION, begun.token))
    return answer


def answer_in(request: Asked) -> Answer:
    """What the provider had the browser bring."""
    given = request.query_params
    return Answer(given.get("state", ""), given.get("code", ""), given.get("error", ""), given.get("iss", ""))


def away(request: Asked, error: ProviderAway, where: str) -> Template:
    """The page to sign in, which says that the provider is away, and from which to try again."""
    log.warning("sign-in by the provider failed", error=describe(error).error)
    shown = sign_in_page(request, status=AWAY, refused=Refused("provider_away"), next=where)
    shown.headers.update(retry_after(AWAY))
    return shown


def unknown_page(request: Asked, subject: str) -> Template:
    """Tells somebody without an account what to give to an administrator."""
    issuer = settings().oidc_issuer
    command = f"sijil staff add NAME --role ROLE \\\n  --issuer {quote(issuer)} \\\n  --subject {quote(subject)}"
    return page(request, "sign_in_unknown.html", status=403, subject=subject, issuer=issuer, command=command)


@get("/sign-in/provider/out", opt={"act": ANYBODY})
@apart
def leave(request: Asked) -> Template | Redirect:
    """Leads to where the provider ends its own session, once ours has ended."""
    try:
        address = flow.leaving()
    except ProviderAway as error:
        log.warning("sign-out at the provider failed", error=describe(error).error)
        return sign_in_page(request, refused=Refused("still_signed_in"))
    return leading_page(request, address) if address else go("/console/sign-in")


HANDLERS = [begin, come_back, leave]
