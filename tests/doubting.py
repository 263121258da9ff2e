"""Files households of which the population register neither confirms nor denies a member, and says who they are."""

from collections.abc import Sequence

from models import clock
from models.database import transact, transaction
from notifications.notices import notices
from tests.filing import Body, a_household, changed, file, register, rows
from tests.portal.standing import work_off
from trials.generator.household import GeneratedHousehold
from workflows.casework.answers import AnswerResult
from workflows.casework.identities import IdentityAnswer, doubts_of, identify
from workflows.evidence import MemberIdentity
from workflows.intake.submit import Accepted
from workflows.stages.identify import OTHER


def mistyped(body: Body, *members: int) -> Body:
    """The body with one digit of the birth dates of these members changed: born ten years earlier or later."""
    for member in members:
        year, _, rest = body["members"][member]["birth_date"].partition("-")
        other = int(year) + (10 if int(year) % 100 < 10 else -10)
        day = "02-28" if rest == "02-29" else rest
        body = changed(body, member, birth_date=f"{other}-{day}")
    return body


def in_doubt(*members: int, place: int = 0) -> tuple[GeneratedHousehold, Accepted]:
    """A household of three or more that is filed with these members' birth dates mistyped; its persons are known."""
    made = a_household(place, members=3)
    register([made])
    (taken,) = file(mistyped(made.body, *(members or (0,))))
    return made, taken


def said(
    receipt: Accepted, others: Sequence[int] = (), name: str = "amina", version: int | None = None
) -> AnswerResult:
    """A caseworker says that these of the doubted members are others, and the rest who they say."""
    with transaction() as connection:
        doubts = doubts_of(connection, receipt.reference)
    findings = [
        MemberIdentity(each.member, False, OTHER[each.what])
        if each.member in others
        else MemberIdentity(each.member, True, "slip")
        for each in doubts
    ]
    answer = IdentityAnswer(receipt.reference, name, findings, version)
    return transact(lambda connection: identify(connection, answer, clock.now(), notices))


def misspelt() -> Accepted:
    """A household whose first member's given name lacks a letter; it is neither the register's nor another."""
    made = a_household(members=3)
    register([made])
    rows(
        "update person set given_name_ar = 'عائشة', family_name_ar = 'تيجاني', given_name_la = '', family_name_la = '' "
        "where idcs = %s",
        made.persons[0].idcs,
    )
    said = {"given_name_ar": "عائة", "family_name_ar": "تيجاني", "given_name_la": None, "family_name_la": None}
    (taken,) = file(changed(made.body, 0, **said))
    work_off()
    return taken
