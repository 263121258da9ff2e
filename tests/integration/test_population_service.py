"""The population register as a service, over HTTP with real signatures: who may ask what, and what each is told."""

import json
from base64 import urlsafe_b64encode
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc.jwk import OKPKey

from models import clock
from models.database import transaction
from tasks.keeping import keep
from tests.asking import (
    ASKED,
    BRAHIM,
    COMPARISONS,
    RECORDS,
    SALMA,
    Asker,
    a_partner,
    asked,
    enrolled,
    error,
)
from tests.conftest import forget_settings
from tests.factories import an_idcs
from tests.filing import rows, value
from workflows.population import life, partners, questions
from workflows.population.life import Told
from workflows.population.lookers import asked_about
from workflows.population.policies import FIELDS, NAMES, Policy
from workflows.population.refusals import REASONS
from workflows.population.signatures import new_key, sign

DEEP = b'{"kid":' + b"[" * 1_400
BOTTOMLESS = b'{"id": "x", "at": "x", "purpose": "x", "basis": "x", "people": [{"ref": ' + b"[" * 100_000
NOBODY = "2345678906"


@pytest.fixture
def social(register_served: str) -> Asker:
    """The social register, whose questions are answered by verdicts."""
    enrolled(SALMA, BRAHIM)
    return a_partner(register_served, "social-register", "social-register")


@pytest.fixture
def bank(register_served: str) -> Asker:
    """A partner that is told yes, no or different."""
    enrolled(SALMA, BRAHIM)
    return a_partner(register_served, "bank", "yes-no")


def answers(response: Any) -> list[dict[str, Any]]:
    """The answers of a response, without their tokens."""
    assert response.status_code == 200, response.text
    return [{name: value for name, value in each.items() if name != "token"} for each in response.json()["answers"]]


def stored_values(person: dict[str, Any]) -> set[str]:
    """What no answer and no row of the audit may hold of a person."""
    return {str(person[name]) for name in ("idcs", *NAMES, "birth_date")}


# What is told ----------------------------------------------------------------------------------------


def test_of_everybody_it_can_tell_also_while_their_entry_is_changed_and_once_it_is_merged(social: Asker) -> None:
    with transaction() as connection:
        rows("update person set status = 'alive' where idcs = %s", BRAHIM["idcs"])
        life.merge(connection, SALMA["idcs"], BRAHIM["idcs"], Told(clock.now(), "officer:0"))
    with transaction() as connection:
        life.die(connection, SALMA["idcs"], Told(clock.now(), "officer:0"))
        found = answers(social.compare(asked(SALMA, "0"), asked(BRAHIM, "1"), asked(SALMA, "2", idcs=NOBODY)))
    assert [(each["known"], each.get("status")) for each in found] == [
        (True, "alive"),
        (True, "alive"),
        (False, None),
    ]
    assert answers(social.compare(asked(SALMA)))[0]["status"] == "deceased"


@pytest.mark.parametrize("turned", [False, True])
def test_who_died_by_one_entry_is_dead_by_every_entry_of_the_person(turned: bool, social: Asker) -> None:
    first, second, third = SALMA, {**SALMA, "idcs": NOBODY}, {**SALMA, "idcs": an_idcs(77)}
    enrolled(second, third)
    told = Told(clock.now(), "officer:0")
    with transaction() as connection:
        life.merge(connection, first["idcs"], second["idcs"], told)
        life.merge(connection, third["idcs"], second["idcs"], told)
    people = [asked(each, str(place)) for place, each in enumerate((first, second, third))]
    assert [each["status"] for each in answers(social.compare(*people))] == ["alive"] * 3

    with transaction() as connection:
        life.die(connection, (first if turned else second)["idcs"], told)
    assert [each["status"] for each in answers(social.compare(*people))] == ["deceased"] * 3
    assert social.records(third["idcs"]).json()["records"][0]["status"] == "deceased"

    with transaction() as connection:
        life.undo_merge(connection, first["idcs"], told)
    found = [each["status"] for each in answers(social.compare(*people))]
    assert found == (["deceased", "alive", "alive"] if turned else ["alive", "deceased", "deceased"])


def test_the_social_register_is_told_verdicts_with_their_score_in_the_order_of_its_question(social: Asker) -> None:
    response = social.compare(
        asked(BRAHIM, "0", birth_date="1951-05-05"),
        asked(SALMA, "1", idcs=NOBODY),
        asked(SALMA, "2", given_name_ar=None, family_name_ar=None, given_name_la="Selma", birth_date="1986-08-17"),
    )

    assert answers(response) == [
        {"ref": "0", "known": True, "status": "deceased", "name": "same", "score": 1.0, "birth": "same_year"},
        {"ref": "1", "known": False},
        {"ref": "2", "known": True, "status": "alive", "name": "same", "score": pytest.approx(0.9, abs=0.1)}
        | {"birth": "one_digit", "differs": ["day"]},
    ]


def test_of_a_birth_date_that_was_not_sent_nothing_is_told(social: Asker) -> None:
    without = asked(SALMA, birth_date=None, birth_precision=None)
    (found,) = answers(social.compare(without))
    assert found == {"ref": "0", "known": True, "status": "alive", "name": "same", "score": 1.0, "birth": "unknown"}


def test_others_are_told_yes_no_or_different_for_each_field_and_never_a_stored_value(bank: Asker) -> None:
    response = bank.compare(
        asked(SALMA, "a"),
        asked(BRAHIM, "b", given_name_ar="كريم", given_name_la="Karim", family_name_la="Tazi", family_name_ar="التازي"),
        asked(SALMA, "c", birth_date="1986-08-26"),
        asked(SALMA, "d", birth_date=None, birth_precision=None),
        asked(SALMA, "e", **dict.fromkeys(NAMES)),
        asked(SALMA, "f", birth_date="1977-01-31"),
        asked(SALMA, "g", idcs=NOBODY),
    )

    assert answers(response) == [
        {"ref": "a", "known": True, "name": "yes", "birth": "yes", "alive": "yes"},
        {"ref": "b", "known": True, "name": "no", "birth": "yes", "alive": "no"},
        {"ref": "c", "known": True, "name": "yes", "birth": "different", "alive": "yes"},
        {"ref": "d", "known": True, "name": "yes", "alive": "yes"},
        {"ref": "e", "known": True, "birth": "yes", "alive": "yes"},
        {"ref": "f", "known": True, "name": "yes", "birth": "no", "alive": "yes"},
        {"ref": "g", "known": False},
    ]
    assert not any(each in response.text for each in stored_values(SALMA) | stored_values(BRAHIM))


def test_whoever_may_not_know_is_not_told_who_lives(register_served: str) -> None:
    enrolled(BRAHIM)
    school = a_partner(register_served, "school", Policy(fields=FIELDS))

    assert answers(school.compare(asked(BRAHIM))) == [{"ref": "0", "known": True, "name": "yes", "birth": "yes"}]
    exact = a_partner(register_served, "exact", Policy(fields=FIELDS, answers="verdicts"))
    (told,) = answers(exact.compare(asked(BRAHIM)))
    assert told == {"ref": "0", "known": True, "name": "same", "score": 1.0, "birth": "same_year"}


def a_month(month: int) -> dict[str, Any]:
    """A guess at Salma's month of birth."""
    return asked(SALMA, f"m{month}", birth_date=f"1986-{month:02}-01", birth_precision="month")


def test_nobody_finds_a_birth_date_by_guessing(bank: Asker) -> None:
    years = [asked(SALMA, str(year), birth_date=f"{year}-01-01", birth_precision="year") for year in range(1900, 2025)]
    found = answers(bank.compare(*years, asked(BRAHIM, "b")))

    assert [each["known"] for each in found] == [True] * 10 + [None] * 115 + [True]
    assert found[10] == {"ref": "1910", "known": None, "why": "asked_too_often"}
    assert [each["known"] for each in answers(bank.compare(*map(a_month, range(1, 13))))] == [None] * 12
    (first, second) = rows("select detail, count from audit_entry where act = 'compare_persons' order by id")
    assert (first[0]["known"], first[0]["withheld"], first[1]) == (11, 115, 126)
    assert (second[0]["withheld"], second[1]) == (12, 12)


def test_whoever_was_asked_about_too_often_may_be_asked_about_again_a_month_later(
    bank: Asker, register_served: str
) -> None:
    twelve = list(map(a_month, range(1, 13)))
    assert [each["known"] for each in answers(bank.compare(*twelve))] == [True] * 10 + [None] * 2
    other = a_partner(register_served, "other", "yes-no")
    assert answers(other.compare(asked(SALMA)))[0]["known"]  # each partner's questions are counted by themselves
    rows("update partner_tries set since = since - interval '31 days'")
    assert [each["known"] for each in answers(bank.compare(*twelve))] == [True] * 10 + [None] * 2
    rows("update partner_tries set since = since + interval '31 days'")  # by a clock that has gone back since
    assert answers(bank.compare(asked(SALMA)))[0]["known"]


def test_questions_at_one_moment_get_no_more_guesses_than_one_after_the_other(bank: Asker) -> None:
    with ThreadPoolExecutor(6) as threads:
        found = list(threads.map(lambda n: answers(bank.compare(*map(a_month, range(1 + n, 6 + n)))), range(6)))
    assert sum(each["known"] is True for one in found for each in one) == 10


def test_a_policy_says_how_often_and_who_reads_what_is_stored_need_not_guess(
    social: Asker, register_served: str
) -> None:
    twelve = list(map(a_month, range(1, 13)))
    few = a_partner(register_served, "few", Policy(fields=FIELDS, tries=3))
    free = a_partner(register_served, "free", Policy(fields=FIELDS, tries=0))
    reader = a_partner(register_served, "reader", Policy(fields=FIELDS, records=True))
    for who, told in ((few, 3), (free, 12), (reader, 12), (social, 12)):
        assert sum(each["known"] is True for each in answers(who.compare(*twelve))) == told


def test_who_was_asked_about_long_ago_is_forgotten(bank: Asker) -> None:
    bank.compare(asked(SALMA), asked(BRAHIM, "1"))
    long_ago = "since - interval '31 days'"
    rows(f"update partner_tries set since = {long_ago} where token in (select min(token) from partner_tries)")
    keep()
    assert value("select count(*) from partner_tries") == 1


def test_a_token_stays_with_one_partner_and_differs_with_another(bank: Asker, register_served: str) -> None:
    other = a_partner(register_served, "other-bank", "yes-no")
    first, again, theirs = (
        [each["token"] for each in who.compare(asked(SALMA, "0"), asked(BRAHIM, "1")).json()["answers"]]
        for who in (bank, bank, other)
    )

    assert first == again
    assert len({*first, *theirs}) == 4
    assert not any(each in token for token in first for each in (SALMA["idcs"], BRAHIM["idcs"]))


def test_an_identifier_is_taken_as_people_type_it(bank: Asker) -> None:
    arabic = SALMA["idcs"].translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))
    typed = bank.compare(asked(SALMA, "0", idcs=f"{arabic[:4]} {arabic[4:]}"), asked(SALMA, "1")).json()["answers"]
    assert typed[0]["token"] == typed[1]["token"]


def test_an_officer_of_the_social_register_is_shown_what_is_stored(social: Asker) -> None:
    found = social.records(SALMA["idcs"], NOBODY).json()["records"]

    assert found[0] == {"known": True} | {name: SALMA[name] for name in (*ASKED, "status")}
    assert found[1] == {"idcs": NOBODY, "known": False}
    (detail,) = rows("select detail from audit_entry where act = 'read_persons'")[0]
    assert (detail["officer"], detail["purpose"], detail["known"]) == ("officer:0123abcd", "review", 1)


# What a partner may ask ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "allowed", [(), NAMES, NAMES[:2], NAMES[2:], ("birth_date",), ("birth_date", "birth_precision"), FIELDS]
)
def test_a_field_that_the_policy_does_not_name_is_refused_by_name_and_nothing_is_answered(
    register_served: str, allowed: Any
) -> None:
    enrolled(SALMA)
    for told in ("verdicts", "yes_no"):
        who = a_partner(register_served, f"p-{told.replace('_', '-')}", Policy(fields=allowed, answers=told))
        for field in FIELDS:
            one = {"ref": "1", "idcs": SALMA["idcs"], field: SALMA[field]}
            response = who.compare(asked(SALMA, "0", **dict.fromkeys(FIELDS)), one)
            if field in allowed:
                assert response.status_code == 200, response.text
            else:
                assert error(response) == (403, "field_not_allowed", f"people[1].{field}")
                assert "answers" not in response.json()

    refused = rows("select detail ->> 'refused' from audit_entry where act = 'question_refused'")
    assert len(refused) == 2 * (len(FIELDS) - len(allowed))
    assert value("select count(*) from audit_entry where act = 'compare_persons'") == 2 * len(allowed)


def test_each_forbidden_field_is_named_once(register_served: str) -> None:
    who = a_partner(register_served, "few", Policy(fields=("birth_date", "birth_precision")))
    said = who.compare(asked(SALMA, "0"), asked(BRAHIM, "1")).json()["error"]
    assert [each["place"] for each in said["problems"]] == [f"people[0].{name}" for name in NAMES]


def test_only_who_may_reads_records_and_events_and_asks_for_a_purpose(bank: Asker, register_served: str) -> None:
    assert error(bank.records(SALMA["idcs"])) == (403, "records_not_allowed", "")
    assert error(bank.events()) == (403, "events_not_allowed", "")
    narrow = a_partner(register_served, "narrow", Policy(fields=FIELDS, purposes=("pension",)))
    assert error(narrow.compare(asked(SALMA))) == (403, "purpose_not_allowed", "purpose")
    assert narrow.compare(asked(SALMA), purpose="pension").status_code == 200
    assert rows("select actor, detail ->> 'refused' from audit_entry where act = 'question_refused' order by id") == [
        ("partner:bank", "records_not_allowed"),
        ("partner:bank", "events_not_allowed"),
        ("partner:narrow", "purpose_not_allowed:purpose"),
    ]


# Signatures ------------------------------------------------------------------------------------------


def test_without_a_signature_of_this_body_and_address_nothing_is_answered(bank: Asker, register_served: str) -> None:
    body = json.dumps(bank.body([asked(SALMA)])).encode()
    good = sign(body, bank.key, COMPARISONS, clock.now())
    head, _, tail = good.split(".")
    stranger = new_key()
    late, early = (sign(body, bank.key, COMPARISONS, clock.now() + timedelta(seconds=by)) for by in (-70, 70))
    attached = f"{head}.{'e30'}.{tail}"
    a_partner(register_served, "other", "yes-no")
    for headers, code in (
        ({"signature": ""}, "signature_missing"),
        ({"sijil-partner": ""}, "signature_missing"),
        ({"signature": "x"}, "signature_malformed"),
        ({"signature": "x..y"}, "signature_malformed"),
        ({"signature": attached}, "signature_malformed"),
        ({"signature": f"{head}.."}, "signature_wrong"),
        ({"signature": f"{urlsafe_b64encode(DEEP).rstrip(b'=').decode()}..x"}, "signature_malformed"),
        ({"signature": sign_with(bank, body, iat=10**400)}, "signature_malformed"),
        ({"signature": sign_with(bank, body, iat="now")}, "signature_malformed"),
        ({"signature": sign_with(bank, body, kid=7)}, "signature_malformed"),
        ({"signature": sign_with(bank, body, kid="k" * 101)}, "signature_malformed"),
        ({"signature": sign_with(bank, body, alg="none")}, "signature_malformed"),
        ({"signature": sign_with(bank, body, crit=["b64"], b64=False)}, "signature_malformed"),
        ({"signature": f"{head}..{tail[::-1]}"}, "signature_wrong"),
        ({"signature": sign(body + b" ", bank.key, COMPARISONS, clock.now())}, "signature_wrong"),
        ({"signature": sign(body, stranger, COMPARISONS, clock.now())}, "key_unknown"),
        ({"sijil-partner": "nobody", "signature": good}, "key_unknown"),
        ({"sijil-partner": "other", "signature": good}, "key_unknown"),
        ({"signature": sign(body, bank.key, RECORDS, clock.now())}, "signature_path"),
        ({"signature": late}, "signature_time"),
        ({"signature": early}, "signature_time"),
    ):
        assert error(bank.post(COMPARISONS, body, **headers)) == (401, code, ""), headers
    assert value("select count(*) from audit_entry") == 0
    assert bank.post(COMPARISONS, body, signature=good).status_code == 200


def sign_with(who: Asker, body: bytes, **header: Any) -> str:
    """A signature of this body whose header says something else."""
    said = {"alg": "EdDSA", "kid": who.key.kid, "iat": int(clock.now().timestamp()), "path": COMPARISONS, **header}
    first = urlsafe_b64encode(json.dumps(said).encode()).rstrip(b"=")
    private = who.key.private_key
    assert isinstance(private, Ed25519PrivateKey)
    signed = private.sign(first + b"." + urlsafe_b64encode(body).rstrip(b"="))
    return f"{first.decode()}..{urlsafe_b64encode(signed).rstrip(b'=').decode()}"


def test_a_signature_made_by_hand_is_as_good(bank: Asker) -> None:
    body = json.dumps(bank.body([asked(SALMA)])).encode()
    assert bank.post(COMPARISONS, body, signature=sign_with(bank, body, alg="Ed25519")).status_code == 200


def test_another_key_under_a_known_kid_signs_for_nobody(bank: Asker) -> None:
    another = {**new_key().as_dict(private=True), "kid": str(bank.key.kid)}
    impostor = Asker(bank.url, bank.name, OKPKey.import_key(another))
    assert error(impostor.compare(asked(SALMA))) == (401, "signature_wrong", "")


def test_a_revoked_an_ended_and_a_future_key_are_refused_and_so_is_a_revoked_partner(bank: Asker) -> None:
    day, now = timedelta(days=1), clock.now()
    for changes, code in (
        ({"revoked_at": now}, "key_revoked"),
        ({"valid_until": now}, "key_not_valid"),
        ({"valid_from": now + day, "valid_until": None}, "key_not_valid"),
    ):
        before = rows("select valid_from, valid_until, revoked_at from partner_key")
        rows(f"update partner_key set {', '.join(f'{name} = %s' for name in changes)}", *changes.values())
        assert error(bank.compare(asked(SALMA))) == (401, code, "")
        rows("update partner_key set (valid_from, valid_until, revoked_at) = (%s, %s, %s)", *before[0])
    assert bank.compare(asked(SALMA)).status_code == 200
    with transaction() as connection:
        partners.revoke(connection, partners.find(connection, "bank"), now)
    assert error(bank.compare(asked(SALMA))) == (403, "partner_revoked", "")


def test_an_id_is_used_once_however_often_it_is_sent(bank: Asker, register_served: str) -> None:
    question = bank.body([asked(SALMA)])
    assert bank.post(COMPARISONS, question).status_code == 200
    assert error(bank.post(COMPARISONS, question)) == (409, "replayed", "id")
    assert error(bank.post(COMPARISONS, question | {"id": question["id"].upper()})) == (409, "replayed", "id")
    other = a_partner(register_served, "other", "yes-no")
    assert other.post(COMPARISONS, question).status_code == 200  # ids are each partner's own
    assert value("select count(*) from audit_entry") == 2


def test_of_one_question_sent_many_times_at_once_one_is_answered(bank: Asker) -> None:
    question = bank.body([asked(SALMA)])
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: bank.post(COMPARISONS, question).status_code, range(8)))
    assert sorted(found) == [200, *[409] * 7]
    assert value("select count(*) from audit_entry") == 1


def test_a_partner_asks_at_its_rate_and_is_told_when_to_come_again(register_served: str) -> None:
    slow = a_partner(register_served, "slow", "yes-no", rate=10)
    rows("update partner set allowance = 3")
    two = [asked(SALMA, "0"), asked(BRAHIM, "1")]

    assert slow.compare(*two).status_code == 200
    refused = slow.compare(*[asked(SALMA, str(each)) for each in range(40)])

    assert error(refused) == (429, "too_many", "")
    assert refused.headers["retry-after"] == "4"
    rows("update partner set allowance_at = allowance_at - interval '4 seconds'")
    assert slow.compare(*[asked(SALMA, str(each)) for each in range(40)]).status_code == 200


def test_a_clock_that_has_gone_back_locks_no_partner_out(register_served: str) -> None:
    enrolled(SALMA)
    slow = a_partner(register_served, "slow", "yes-no", rate=10)
    rows("update partner set allowance = 0, allowance_at = allowance_at + interval '1 day'")
    assert slow.compare(asked(SALMA)).status_code == 200
    rows("update partner set allowance = 0")
    assert error(slow.compare(*[asked(SALMA, str(each)) for each in range(400)])) == (429, "too_many", "")


def test_a_whole_question_fits_into_any_rate_after_some_time(register_served: str) -> None:
    slow = a_partner(register_served, "slow", "yes-no", rate=1)
    rows("update partner set allowance = 0, allowance_at = allowance_at - interval '1 hour'")
    assert slow.compare(*[asked(SALMA, str(each)) for each in range(500)]).status_code == 200
    assert error(slow.compare(asked(SALMA), asked(SALMA, "1"))) == (429, "too_many", "")


# Values ----------------------------------------------------------------------------------------------

FUTURE, LONG = "2999-01-01", "ا" * 81
BAD = [
    ("idcs", "412773091", "idcs_length"),
    ("idcs", "4127730917", "idcs_check_digit"),
    ("idcs", "41277309l6", "idcs_letters"),
    ("idcs", "0000000000", "idcs_first_digit"),
    ("idcs", "", "idcs_length"),
    ("given_name_la", "Salma2", "name_digits"),
    ("given_name_ar", "سلمى٢", "name_digits"),
    ("given_name_la", "Σalma", "name_script"),
    ("given_name_la", "Салма", "name_script"),
    ("given_name_ar", "سلمىSalma", "name_script"),
    ("family_name_la", "", "name_empty"),
    ("family_name_la", " -' ", "name_empty"),
    ("family_name_la", "a\u0000b", "name_controls"),
    ("family_name_ar", LONG, "name_long"),
    ("birth_date", FUTURE, "birth_in_future"),
    ("birth_date", "1899-12-31", "birth_too_early"),
    ("birth_date", "1986-02-30", "birth_no_date"),
    ("birth_date", "16/08/1986", "birth_no_date"),
    ("birth_date", "", "birth_no_date"),
    ("birth_precision", "hour", "birth_precision"),
    ("ref", "a b", "bad_ref"),
    ("ref", "", "bad_ref"),
    ("mother_name", "Aicha", "unknown_field"),
    ("birth_date", 1986, "wrong_type"),
    ("idcs", 4127730916, "wrong_type"),
]


@pytest.mark.parametrize(("field", "wrong", "code"), BAD)
def test_a_bad_value_is_named_at_its_place_and_never_quoted(social: Asker, field: str, wrong: Any, code: str) -> None:
    response = social.compare(asked(BRAHIM, "0"), asked(SALMA, "1") | {field: wrong})

    place = "people[1]" if code == "wrong_type" else f"people[1].{field}"
    assert error(response)[:2] == (422, code)
    assert error(response)[2].startswith(place)
    quoted = {str(wrong), *stored_values(SALMA), *stored_values(BRAHIM)} - {""}
    assert not any(each in response.text for each in quoted if len(each) > 4)
    assert value("select count(*) from audit_entry") == 0


def test_a_text_that_is_far_too_long_is_not_remembered(social: Asker) -> None:
    before = [each.cache_info().currsize for each in (questions.wrong_letters, questions.wrong_day)]
    long = [
        asked(SALMA, str(each), given_name_la="a" * (2_000 + each), birth_date="1" * (1_000 + each))
        for each in range(50)
    ]
    assert error(social.compare(*long))[:2] == (422, "name_long")
    assert [each.cache_info().currsize for each in (questions.wrong_letters, questions.wrong_day)] == pytest.approx(
        before, abs=3
    )


def test_every_flaw_of_a_question_is_named_at_once(social: Asker) -> None:
    people = [asked(SALMA, str(each), idcs="1", birth_date=FUTURE) for each in range(3)]
    said = social.compare(*people).json()["error"]
    assert [(each["code"], each["place"]) for each in said["problems"]] == [
        (code, f"people[{place}].{field}")
        for place in range(3)
        for code, field in (("idcs_length", "idcs"), ("birth_in_future", "birth_date"))
    ]


@pytest.mark.parametrize(
    ("changes", "code", "place"),
    [
        ({"people": []}, "no_people", "people"),
        ({"people": [asked(SALMA, str(each)) for each in range(501)]}, "too_many_people", "people"),
        ({"people": [asked(SALMA, "0"), asked(BRAHIM, "0")]}, "ref_twice", "people[1].ref"),
        ({"people": None}, "missing", "people"),
        ({"id": "7"}, "bad_id", "id"),
        ({"id": None}, "missing", "id"),
        ({"at": "2026-11-30"}, "bad_time", "at"),
        ({"at": "2020-01-01T00:00:00Z"}, "bad_time", "at"),
        ({"purpose": "For Salma"}, "bad_purpose", "purpose"),
        ({"basis": "because"}, "bad_basis", "basis"),
        ({"basis": f"consent {SALMA['idcs']}"}, "bad_basis", "basis"),
        ({"basis": None}, "missing", "basis"),
        ({"more": 1}, "unknown_field", "more"),
        ({"<script>": 1}, "unknown_field", "body"),
    ],
)
def test_what_is_wrong_with_a_question_as_a_whole_is_named(social: Asker, changes: Any, code: str, place: str) -> None:
    people = changes.get("people", [asked(SALMA)])
    rest = {name: value for name, value in changes.items() if name != "people"}
    body = social.body([], **rest) | {"people": people}
    response = social.post(COMPARISONS, {name: value for name, value in body.items() if value is not None})
    assert error(response) == (422, code, place)


def test_bodies_that_are_no_question_are_refused_each_by_its_code(social: Asker) -> None:
    deep = b'{"people":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    for body, code in (
        (b"", "not_json"),
        (b"\xff", "not_json"),
        (b"[]", "wrong_type"),
        (b"{", "not_json"),
        (BOTTOMLESS, "wrong_type"),
    ):
        assert error(social.post(COMPARISONS, body))[:2] == (422, code), body
    assert error(social.post(COMPARISONS, deep))[0] == 422
    assert error(social.post(COMPARISONS, b" " * 2_000_001)) == (413, "too_large", "")
    assert error(social.post(COMPARISONS, b"{}", **{"content-encoding": "gzip"})) == (415, "encoded", "")
    assert error(social.post("/population/v1/nothing", b"{}")) == (404, "not_found", "")


# What is kept ----------------------------------------------------------------------------------------


def test_every_question_is_noted_with_who_asked_why_and_by_which_right_and_without_a_name(bank: Asker) -> None:
    bank.compare(asked(SALMA, "0"), asked(BRAHIM, "1"), asked(SALMA, "2", idcs=NOBODY), basis="consent 2026-17")

    ((actor, role, act, count, persons, detail),) = rows(
        "select actor, role, act, count, persons, detail from audit_entry"
    )
    assert (actor, role, act, count, len(persons)) == ("partner:bank", "partner", "compare_persons", 3, 3)
    assert (detail["purpose"], detail["basis"]) == ("registration", "consent 2026-17")
    assert {name: detail[name] for name in ("known", "unknown", "name_same", "status_deceased")} == {
        "known": 2,
        "unknown": 1,
        "name_same": 2,
        "status_deceased": 1,
    }
    assert detail["fields"] == ",".join(FIELDS)
    kept = str((persons, detail))
    assert not any(each in kept for each in stored_values(SALMA) | stored_values(BRAHIM) | {NOBODY})


def test_a_person_can_be_told_who_asked_and_why(bank: Asker, register_served: str) -> None:
    social = a_partner(register_served, "social-register", "social-register")
    bank.compare(asked(SALMA), basis="consent 2026-17")
    social.compare(asked(SALMA), asked(BRAHIM, "1"), purpose="update")
    social.records(SALMA["idcs"])

    with transaction() as connection:
        found = [(each.partner, each.what, each.purpose, each.basis) for each in asked_about(connection, SALMA["idcs"])]
        assert len(asked_about(connection, BRAHIM["idcs"])) == 1
        assert asked_about(connection, NOBODY) == []

    assert found == [
        ("social-register", "read_persons", "review", "officer:0123abcd"),
        ("social-register", "compare_persons", "update", "law 72-18"),
        ("bank", "compare_persons", "registration", "consent 2026-17"),
    ]


def test_nothing_is_answered_that_cannot_be_noted(bank: Asker) -> None:
    rows("alter table audit_entry add constraint nothing_more check (act <> 'compare_persons')")
    response = bank.compare(asked(SALMA))
    assert response.status_code == 500
    assert set(response.json()) == {"error"}


def test_a_database_that_is_away_is_said_with_when_to_ask_again_and_names_no_server(
    bank: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIJIL_DATABASE_URL", "postgresql://sijil@127.0.0.1:1/away")
    forget_settings()
    response = bank.compare(asked(SALMA))
    assert error(response) == (503, "unavailable", "")
    assert response.headers["retry-after"] == "5"
    assert "127.0.0.1" not in response.text
    assert httpx.get(f"{bank.url}/health/ready").status_code == 503
    assert httpx.get(f"{bank.url}/health/live").status_code == 200


# Whatever is sent ------------------------------------------------------------------------------------

TEXT = st.text(max_size=12)
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT, lambda inner: st.lists(inner, max_size=3)
)
PERSON = st.dictionaries(st.sampled_from(["ref", *ASKED, "status", "x"]), TEXT | ANY, max_size=9) | ANY
GOOD = st.fixed_dictionaries(
    {"ref": st.uuids().map(str), "idcs": st.sampled_from([SALMA["idcs"], BRAHIM["idcs"], NOBODY])},
    optional={name: st.sampled_from([SALMA[name], BRAHIM[name]]) | TEXT for name in ASKED[1:]},
)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None)
@given(data=st.data())
def test_whatever_a_partner_sends_no_answer_is_a_fault_of_ours(social: Asker, data: st.DataObject) -> None:
    whole = social.body([], id=str(uuid4()))
    whole["people"] = data.draw(st.lists(GOOD | PERSON, max_size=4) | ANY)
    for name in data.draw(st.lists(st.sampled_from(["id", "at", "purpose", "basis", "people", "x"]), max_size=2)):
        whole[name] = data.draw(ANY)
    body = json.dumps(whole).encode()
    cut = data.draw(st.just(len(body)) | st.integers(0, len(body)))

    response = social.post(data.draw(st.sampled_from([COMPARISONS, RECORDS])), body[:cut])

    assert response.status_code in {200, 403, 409, 413, 422, 429}, response.text
    if response.status_code != 200:
        assert response.json()["error"]["code"] in REASONS
