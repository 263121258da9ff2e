"""Every address of the console is crossed with every role, and with cases of one's own and another territory.

A new address fails here until it is listed.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from litestar.routes import HTTPRoute

from models.staff import ROLES
from tests.filing import rows
from tests.portal.conftest import Client, application
from tests.portal.standing import under_review
from tests.staffing import a_person, signed_in
from web.console.guarded import ANYBODY, SIGNED_IN, SIGNING_IN
from workflows.staff.rights import RIGHTS
from workflows.staff.roles import Territory

# Every address with its method, and the act that opens it; `{reference}` stands for a case.
ADDRESSES = {
    ("GET", "/console"): SIGNED_IN,
    ("GET", "/console/sign-in"): ANYBODY,
    ("POST", "/console/sign-in"): ANYBODY,
    ("GET", "/console/sign-in/code"): SIGNING_IN,
    ("POST", "/console/sign-in/code"): SIGNING_IN,
    ("GET", "/console/sign-in/password"): SIGNING_IN,
    ("POST", "/console/sign-in/password"): SIGNING_IN,
    ("GET", "/console/sign-in/app"): SIGNING_IN,
    ("POST", "/console/sign-in/app"): SIGNING_IN,
    ("POST", "/console/sign-in/provider"): ANYBODY,
    ("GET", "/console/sign-in/provider/back"): ANYBODY,
    ("GET", "/console/sign-in/provider/out"): ANYBODY,
    ("POST", "/console/sign-out"): SIGNED_IN,
    ("POST", "/console/language"): ANYBODY,
    ("GET", "/console/load"): "read_load",
    ("POST", "/console/load"): "assign_case",
    ("GET", "/console/operations"): "read_operations",
    ("GET", "/console/operations/queues/{queue}"): "read_operations",
    ("POST", "/console/operations/queues/{queue}/pause"): "pause_queue",
    ("POST", "/console/operations/queues/{queue}/resume"): "resume_queue",
    ("GET", "/console/operations/workers"): "read_operations",
    ("GET", "/console/operations/parked"): "read_operations",
    ("POST", "/console/operations/parked/retry"): "resume_parked",
    ("GET", "/console/operations/messages"): "read_operations",
    ("POST", "/console/operations/messages/resend"): "settle_messages",
    ("POST", "/console/operations/messages/settle"): "settle_messages",
    ("GET", "/console/operations/jobs"): "read_operations",
    ("GET", "/console/keys"): SIGNED_IN,
    ("POST", "/console/keys"): SIGNED_IN,
    ("GET", "/console/queues"): "read_queue",
    ("POST", "/console/queues"): "read_queue",
    ("POST", "/console/next"): "take_case",
    ("GET", "/console/enrolments/begin"): "file_enrolment",
    ("POST", "/console/enrolments/begin"): "file_enrolment",
    ("GET", "/console/search"): "search",
    ("POST", "/console/search"): "search",
    ("GET", "/console/queues/escalate"): "escalate",
    ("POST", "/console/queues/escalate"): "escalate",
    ("GET", "/console/cases/{reference}"): "read_case",
    ("GET", "/console/cases/{reference}/documents/{document}"): "read_document",
    ("POST", "/console/cases/{reference}/documents"): "take_document",
    ("POST", "/console/cases/{reference}/documents/{document}/remove"): "take_back_document",
    ("POST", "/console/cases/{reference}/review"): "decide_review",
    ("GET", "/console/cases/{reference}/review"): "decide_review",
    ("POST", "/console/cases/{reference}/identity"): "confirm_identity",
    ("GET", "/console/cases/{reference}/identity"): "confirm_identity",
    ("GET", "/console/cases/{reference}/appeal/{act}"): "read_case",
    ("GET", "/console/cases/{reference}/enrolment/{form}"): "read_case",
    ("POST", "/console/cases/{reference}/enrolment/{form}"): "read_case",
    ("GET", "/console/cases/{reference}/answer/{kind}"): "take_answer",
    ("POST", "/console/cases/{reference}/appeal/{act}"): "read_case",
    ("POST", "/console/cases/{reference}/desk/{deed}"): "read_case",
    ("POST", "/console/cases/{reference}/answer/{kind}"): "take_answer",
    ("POST", "/console/cases/{reference}/phone"): "declare_change",
    ("GET", "/console/audit"): "read_audit",
    ("POST", "/console/audit"): "read_audit",
}
# What else a form of an address of several acts needs, beside the act that opens it.
ALSO = {
    "{queue}": "scoring",
    "{kind}": "withdrawal",
    "{act}": "ask_information",
    "{deed}": "note",
    "{form}": "attest_enrolment",
    "{document}": "unknown",
}
NEEDS = {"withdrawal": "take_answer", "note": "add_note", "unknown": "read_document"}
GUARDED = [(method, path, act) for (method, path), act in ADDRESSES.items() if act in RIGHTS]
OF_CASES = [each for each in GUARDED if "{reference}" in each[1]]


def addresses() -> Iterator[tuple[str, str, Any]]:
    """Every address of the console as the application has it."""
    for route in application().routes:
        if isinstance(route, HTTPRoute) and route.path.startswith("/console"):
            for handler in route.route_handlers:
                path = route.path.replace(":str", "").replace(":int", "")
                yield from ((method, path, handler.opt.get("act")) for method in handler.http_methods - {"OPTIONS"})


def test_every_address_is_listed_with_the_act_that_opens_it() -> None:
    assert {(method, path): act for method, path, act in addresses()} == ADDRESSES


def ask(client: Client, method: str, path: str, token: str, reference: str) -> int:
    """The status with which an address answers."""
    for part, given in ALSO.items():
        path = path.replace(part, given)
    address = path.replace("{reference}", reference)
    if method == "GET":
        return client.get(address, follow_redirects=False).status_code
    return client.post(address, data={"token": token}, follow_redirects=False).status_code


@pytest.mark.parametrize(("method", "path", "act"), GUARDED)
def test_an_address_opens_to_the_roles_of_its_act_and_to_no_other(
    client: Client, method: str, path: str, act: str
) -> None:
    opened = set()
    for role in ROLES:
        token = signed_in(client, a_person(role, role))
        if ask(client, method, path, token, "RSU-0000-0000-0000") != 403:
            opened.add(role)
    assert opened == set(RIGHTS[act])


def test_a_case_opens_in_ones_own_territory_and_in_no_other(client: Client) -> None:
    case = under_review()
    ((region,),) = rows("select region from cases where id = %s", case.case_id)
    for method, path, act in OF_CASES:
        parts = [given for part, given in ALSO.items() if part in path]
        needed = RIGHTS[NEEDS.get(parts[0], parts[0])] if parts else RIGHTS[act]
        for role in needed.keys() & RIGHTS[act].keys():
            near = a_person(f"{role} here {method} {path}", role, within=Territory(region))
            far = a_person(f"{role} there {method} {path}", role, within=Territory(region % 12 + 1))
            assert ask(client, method, path, signed_in(client, far), case.reference) == 403, (method, path, role)
            assert ask(client, method, path, signed_in(client, near), case.reference) != 403, (method, path, role)


@pytest.mark.parametrize(("method", "path"), [each for each in ADDRESSES if ADDRESSES[each] != ANYBODY])
def test_whoever_is_not_signed_in_is_led_to_the_sign_in(client: Client, method: str, path: str) -> None:
    assert ask(client, method, path, "", "RSU-0000-0000-0000") == 303


def test_an_account_without_a_role_opens_nothing(client: Client) -> None:
    token = signed_in(client, a_person("Amina"))
    assert {ask(client, method, path, token, "RSU-0000-0000-0000") for method, path, _ in GUARDED} == {403}
