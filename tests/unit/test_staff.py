"""The staff without a database: names, roles, territories, rights, passwords and the codes of authenticators."""

from datetime import UTC, datetime, timedelta

import pyotp
import pytest

from models.errors import Refused
from models.staff import DECIDING, ROLES
from workflows.staff.guard import OWNER, Acting, Subject, permit
from workflows.staff.passwords import LONGEST, new_password, require_good
from workflows.staff.rights import OF_COUNTRY, OF_PERSONS, RIGHTS, Whose
from workflows.staff.roles import COUNTRY, Grant, Territory, require_compatible, require_known, shown, territory
from workflows.staff.second_factor import app_address, new_app_secret, seal, step_of, unseal
from workflows.staff.signatures import name_key, pseudonym
from workflows.staff.territories import EVERYWHERE, within

CASABLANCA, REGION, MARRAKECH = Territory(6, "MA-CAS"), Territory(6), Territory(7, "MA-MAR")
NOW = datetime(2026, 11, 29, 9, 0, tzinfo=UTC)


def who(*grants: Grant) -> Acting:
    return Acting("Amina", 1, grants)


def refusal(acting: Acting, act: str, subject: Subject | None = None, role: str | None = None) -> str:
    with pytest.raises(Refused) as refused:
        permit(acting, act, subject, role=role)
    return refused.value.code


# Roles ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("other", [each for each in ROLES if each != "auditor"])
def test_an_auditor_has_no_other_role(other: str) -> None:
    with pytest.raises(Refused, match="has no other role"):
        require_compatible(["auditor", other])
    require_compatible(["auditor", "auditor"])


@pytest.mark.parametrize("other", DECIDING)
def test_an_administrator_decides_no_case(other: str) -> None:
    with pytest.raises(Refused, match="decides no case"):
        require_compatible(["administrator", other])


def test_other_roles_go_together() -> None:
    require_compatible(["administrator", "operator", "population_officer"])
    require_compatible(["caseworker", "supervisor", "commission", "population_officer", "operator"])


def test_a_role_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(Refused, match=r"no role 'judge'.*caseworker, supervisor"):
        require_known("judge")


# Territories ---------------------------------------------------------------------------------------


def test_a_territory_covers_what_lies_in_it() -> None:
    for wide, narrow in ((COUNTRY, REGION), (REGION, CASABLANCA), (COUNTRY, COUNTRY), (CASABLANCA, CASABLANCA)):
        assert wide.covers(narrow)
    for narrow, wide in ((REGION, COUNTRY), (CASABLANCA, REGION), (CASABLANCA, MARRAKECH), (REGION, MARRAKECH)):
        assert not narrow.covers(wide)


def test_a_province_brings_its_region_and_no_other() -> None:
    assert territory(None, " ma-cas ") == territory(6, "MA-CAS") == CASABLANCA
    for region, province in ((7, "MA-CAS"), (None, "MA-XXX"), (0, None), (13, None)):
        with pytest.raises(Refused) as refused:
            territory(region, province)
        assert refused.value.code == "unknown_territory"


def test_roles_are_shown_with_where() -> None:
    grants = [Grant("caseworker", CASABLANCA), Grant("supervisor", REGION), Grant("operator")]
    assert shown(grants) == "caseworker (MA-CAS), supervisor (region 6), operator (country)"
    assert shown([]) == "no role"


def test_the_territory_of_a_query_is_that_of_the_roles_which_may_do_the_act() -> None:
    clerk = who(Grant("caseworker", CASABLANCA), Grant("supervisor", Territory(7)), Grant("operator"))

    assert within(clerk, "read_queue") == {"everywhere": False, "regions": [7], "provinces": ["MA-CAS"]}
    assert within(clerk, "read_operations") == {"everywhere": True, "regions": [7], "provinces": []}
    assert within(clerk, "read_audit") == {"everywhere": False, "regions": [], "provinces": []}
    assert within(OWNER, "read_queue") == within(Acting("", unproved=True), "read_queue") == EVERYWHERE


# Rights --------------------------------------------------------------------------------------------


def test_the_table_of_rights_names_known_roles_and_known_acts() -> None:
    assert {role for cells in RIGHTS.values() for role in cells} == set(ROLES)
    assert set(RIGHTS) >= OF_PERSONS | OF_COUNTRY


def test_an_auditor_reads_and_does_nothing() -> None:
    reading = {"read_case", "read_audit", "export_audit", "read_staff", "check_history"}
    reading |= {"read_partners", "read_questions"}
    assert {act for act, cells in RIGHTS.items() if "auditor" in cells} == reading


@pytest.mark.parametrize("act", ["erase", "accept_loss", "give_receipt"])
def test_what_cannot_be_undone_and_what_computes_a_secret_is_the_owners_alone(act: str) -> None:
    everything = who(*(Grant(role) for role in ROLES))
    assert refusal(everything, act) == "another_role"
    assert permit(OWNER, act) == "owner"


@pytest.mark.parametrize("act", sorted(OF_PERSONS))
def test_the_owner_decides_nothing(act: str) -> None:
    assert refusal(OWNER, act, Subject(COUNTRY)) == "needs_account"


def test_nobody_decides_without_a_role_that_may() -> None:
    for act in OF_PERSONS:
        assert set(RIGHTS[act]) <= {"caseworker", "supervisor", "commission", "population_officer"}
    assert refusal(who(), "read_case") == "another_role"
    assert refusal(who(Grant("administrator")), "decide_review") == "another_role"


def test_a_role_counts_where_it_was_given() -> None:
    clerk = who(Grant("caseworker", CASABLANCA), Grant("supervisor", Territory(7)))

    assert permit(clerk, "decide_review", Subject(CASABLANCA)) == "caseworker"
    assert permit(clerk, "decide_review", Subject(MARRAKECH)) == "supervisor"
    assert refusal(clerk, "decide_review", Subject(REGION)) == "another_territory"
    assert refusal(clerk, "decide_review", Subject(MARRAKECH), role="caseworker") == "another_territory"
    assert refusal(clerk, "decide_review", Subject(CASABLANCA), role="commission") == "another_role"


def test_whose_work_it_is_counts() -> None:
    clerk, boss = who(Grant("caseworker")), who(Grant("caseworker"), Grant("supervisor"))

    assert refusal(clerk, "agree_to_refuse", Subject(COUNTRY, own=True)) == "not_yours"
    assert permit(clerk, "agree_to_refuse", Subject(COUNTRY, own=False)) == "caseworker"
    assert refusal(clerk, "propose_decision", Subject(COUNTRY, own=False)) == "not_yours"
    assert permit(clerk, "propose_decision", Subject(COUNTRY, own=True)) == "caseworker"
    assert permit(boss, "propose_decision", Subject(COUNTRY, own=False)) == "supervisor"
    assert [Whose.ANY.allows(own) for own in (True, False, None)] == [True, True, True]


def test_what_concerns_the_whole_country_needs_a_role_in_it() -> None:
    assert refusal(who(Grant("operator", REGION)), "pause_queue") == "another_territory"
    assert permit(who(Grant("operator")), "pause_queue") == "operator"


# Names, passwords and codes ------------------------------------------------------------------------


@pytest.mark.parametrize("spelled", ["amina alaoui", "  AMINA   Alaoui ", "Amina\u00a0Alaoui", "Ａmina Alaoui"])
def test_a_name_is_one_name_however_it_is_typed(spelled: str, secret_key: pytest.MonkeyPatch) -> None:
    assert name_key(spelled) == name_key("Amina Alaoui") != name_key("Amina Alaouy")
    assert pseudonym("officer", spelled) == pseudonym("officer", "Amina Alaoui")


@pytest.mark.parametrize(
    "bad", ["", "short", "a" * 12, "abcabcabcabc", "x Amina Alaoui x", "AMINA ALAOUI 2026", "ab" * LONGEST]
)
def test_a_password_that_is_easily_guessed_is_refused(bad: str) -> None:
    with pytest.raises(Refused) as refused:
        require_good(bad, "Amina Alaoui")
    assert refused.value.code == "bad_password"


def test_a_password_of_a_few_words_is_good_and_one_that_is_handed_on_too() -> None:
    require_good("the kettle sings at noon", "Amina Alaoui")
    handed_on = {new_password() for _ in range(100)}
    assert len(handed_on) == 100
    for each in handed_on:
        require_good(each, "Amina Alaoui")


def test_a_code_is_that_of_now_or_of_half_a_minute_on_either_side() -> None:
    secret = new_app_secret()
    app, step = pyotp.TOTP(secret), int(NOW.timestamp()) // 30
    for off in range(-3, 4):
        code = app.at(NOW + timedelta(seconds=30 * off))
        assert step_of(secret, f" {code[:3]} {code[3:]} ", NOW) == (step + off if abs(off) <= 1 else None)
    for wrong in ("", "12345", "no code", app.at(NOW)[:-1]):
        assert step_of(secret, wrong, NOW) is None
    arabic = app.at(NOW).translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))
    assert step_of(secret, arabic, NOW) == step


def test_the_apps_secret_is_sealed_for_one_account_and_opens_with_this_key_alone(
    secret_key: pytest.MonkeyPatch,
) -> None:
    secret = new_app_secret()
    sealed = seal(7, secret)
    assert secret.encode() not in sealed
    assert unseal(7, sealed) == secret
    for account, changed in ((8, sealed), (7, sealed[:-1] + bytes([sealed[-1] ^ 1]))):
        with pytest.raises(Exception, match="sealed by another SIJIL_SECRET_KEY"):
            unseal(account, changed)


def test_the_address_for_the_app_names_sijil_and_the_account() -> None:
    address = app_address("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", "Amina Alaoui")
    assert address.startswith("otpauth://totp/Sijil:Amina%20Alaoui?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
