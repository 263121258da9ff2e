"""What a citizen answers by the API, and who may: each kind of answer; the secret; the version."""

from typing import Any

import httpx
import pytest

from tests.factories import a_body, a_head, a_spouse, an_idcs
from tests.filing import a_household, changed, current_stage, file, rows, version_of
from tests.portal.conftest import Client
from tests.portal.problems import errors_of
from tests.portal.standing import in_work, lapsed, proposed, registered, to_correct, under_review
from workflows.intake.submit import Accepted


def answered(client: Client, taken: Accepted, **answer: Any) -> httpx.Response:
    """An answer with the receipt's secret, unless it says otherwise."""
    return client.post(f"/api/v1/applications/{taken.reference}/answers", json={"secret": taken.secret} | answer)


def shown(client: Client, taken: Accepted, **headers: str) -> httpx.Response:
    return client.get(f"/api/v1/applications/{taken.reference}", headers=headers)


def test_a_correction_goes_back_into_work(client: Client) -> None:
    taken = to_correct()
    body = {name: value for name, value in a_household(1, members=3).body.items() if name != "application"}

    answer = answered(client, taken, kind="correction", version=version_of(taken), declaration=body)

    assert answer.status_code == 200
    assert answer.json() == {"event": "CorrectionReceived", "stage": "submitted", "version": version_of(taken)}
    assert current_stage(taken) == "submitted"


def test_a_withdrawal_and_a_reopening(client: Client) -> None:
    waiting, late = in_work(), lapsed()

    assert answered(client, waiting, kind="withdrawal").json()["stage"] == "withdrawn"
    assert answered(client, late, kind="reopening").json()["stage"] == "submitted"


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("x" * 2000, "x" * 2000),
        ("ما سكنا هناك قط.\r\nNous vivons \\ à Fès.\r", "ما سكنا هناك قط.\nNous vivons \\ à Fès."),
        ("\u202eturned\u202c", "turned"),
    ],
)
def test_a_statement_goes_back_to_the_review(client: Client, sent: str, kept: str) -> None:
    taken = proposed()

    answer = answered(client, taken, kind="statement", version=version_of(taken), statement=sent)

    assert answer.json() == {"event": "StatementReceived", "stage": "under_review", "version": version_of(taken)}
    assert rows("select seq, text from case_text") == [(version_of(taken), kept)]


@pytest.mark.parametrize("sent", [None, "", " ", "x" * 2001, "\x1b[2J", "a\x00", "\x85", 7, ["x"]])
def test_a_statement_that_is_none_changes_nothing_and_names_its_field(client: Client, sent: Any) -> None:
    taken = proposed()
    before = version_of(taken)

    assert errors_of(answered(client, taken, kind="statement", statement=sent), 422).keys() == {"statement"}

    assert (version_of(taken), rows("select * from case_text")) == (before, [])


def test_a_wrong_secret_is_answered_exactly_like_an_unknown_reference(client: Client) -> None:
    taken = in_work()
    nobody = Accepted("RSU-0000-0000-0000", "0000000000", 0)

    for kind in ("withdrawal", "correction", "statement", "reopening"):
        wrong, unknown = answered(client, taken, secret="0000000000", kind=kind), answered(client, nobody, kind=kind)
        assert errors_of(wrong, 404) == {}
        assert (wrong.status_code, wrong.content) == (unknown.status_code, unknown.content)
    looked = [shown(client, each, **{"Receipt-Secret": "0000000000"}) for each in (taken, nobody)]
    assert errors_of(looked[0], 404) == {}
    assert looked[0].content == looked[1].content == shown(client, nobody).content
    assert current_stage(taken) == "submitted"


def test_an_answer_to_an_earlier_version_changes_nothing_and_says_what_is_so_now(client: Client) -> None:
    taken = registered()

    for kind, more in (("withdrawal", {}), ("correction", {"declaration": a_body()}), ("reopening", {})):
        answer = answered(client, taken, kind=kind, version=1, **more)
        assert errors_of(answer, 409) == {}
        assert (answer.json()["stage"], answer.json()["version"]) == ("notified", version_of(taken))
    assert rows("select count(*) from case_body") == [(1,)]


def test_a_double_click_counts_once(client: Client) -> None:
    taken = in_work()

    first, second = [answered(client, taken, kind="withdrawal", version=1) for _ in range(2)]

    assert (first.status_code, second.status_code) == (200, 409)
    assert second.json()["stage"] == "withdrawn"


def test_what_is_not_possible_now_is_said(client: Client) -> None:
    taken = registered()

    for kind, more in (("withdrawal", {}), ("correction", {"declaration": a_body()}), ("reopening", {})):
        answer = answered(client, taken, kind=kind, **more)
        assert answer.json()["code"] == "not_possible_now"
        assert "'notified'" in answer.json()["detail"]
    assert rows("select count(*) from case_body") == [(1,)]


def test_every_bad_field_of_an_answer_is_named(client: Client) -> None:
    taken = to_correct()
    good = {name: value for name, value in a_household(1, members=3).body.items() if name != "application"}
    wrong: dict[str, tuple[dict[str, Any], list[str]]] = {
        "no kind": ({}, ["kind"]),
        "another kind": ({"kind": "complaint"}, ["kind"]),
        "no declaration": ({"kind": "correction"}, ["declaration"]),
        "a bad declaration": ({"kind": "correction", "declaration": good | {"region": 99}}, ["declaration.region"]),
        "a birth date to come": (
            {"kind": "correction", "declaration": changed(good, 1, birth_date="2999-01-01")},
            ["declaration.members[1].birth_date"],
        ),
        "a version in words": ({"kind": "withdrawal", "version": "two"}, ["version"]),
        "a version of ten thousand digits": ({"kind": "withdrawal", "version": 10**400}, ["version"]),
        "a negative version": ({"kind": "withdrawal", "version": -1}, ["version"]),
        "an unknown field": ({"kind": "withdrawal", "why": "no"}, ["why"]),
        "a secret that is a number": ({"kind": "withdrawal", "secret": 12}, ["secret"]),
        "a secret without end": ({"kind": "withdrawal", "secret": "A" * 41}, ["secret"]),
    }

    assert {name: list(errors_of(answered(client, taken, **answer))) for name, (answer, _) in wrong.items()} == {
        name: fields for name, (_, fields) in wrong.items()
    }
    assert current_stage(taken) == "needs_correction"


def test_a_declarant_now_named_who_has_another_open_application_is_named(client: Client) -> None:
    taken = to_correct()
    other = a_body(members=[a_head(idcs=an_idcs(99)), a_spouse()])
    file(other)

    answer = answered(client, taken, kind="correction", declaration=other)

    assert list(errors_of(answer, 409)) == ["declaration.members"]
    assert rows("select count(*) from case_body where case_id = %s", taken.case_id) == [(1,)]


def test_a_secret_with_a_nul_or_foreign_letters_is_merely_wrong(client: Client) -> None:
    taken = in_work()

    for secret in ("\x00", "é", "ملف", "🙂", ""):
        assert errors_of(answered(client, taken, kind="withdrawal", secret=secret), 404) == {}


def test_without_the_secret_the_stage_is_told_and_nothing_else(client: Client) -> None:
    taken = to_correct()

    bare, whole = shown(client, taken).json(), shown(client, taken, **{"Receipt-Secret": taken.secret}).json()

    assert bare["reasons"] is None
    assert (bare["household_version"], bare["conflicts"], bare["registered"]) == (None, None, None)
    parts = ["year", "month", "day"]
    reasons = [{"field": "members[1]", "reason": "birth_date_differs", "differs": parts}]
    assert whole == bare | {"reasons": reasons, "conflicts": []}
    assert (bare["reference"], bare["stage"], bare["version"]) == (
        taken.reference,
        "needs_correction",
        version_of(taken),
    )
    assert bare["deadline"]
    assert {name for name, told in bare.items() if told is not None} == {
        "reference",
        "kind",
        "stage",
        "version",
        "submitted_at",
        "stage_since",
        "deadline",
    }


def test_whose_review_it_is_stays_with_the_caseworkers(client: Client) -> None:
    taken = under_review()
    assert shown(client, taken, **{"Receipt-Secret": taken.secret}).json()["reasons"] == []


def test_the_receipts_page_is_there(client: Client) -> None:
    receipt = client.post("/api/v1/applications", json=a_body(language="fr")).json()

    assert receipt["page"] == f"/fr/status/{receipt['reference']}"
    assert receipt["secret"] not in receipt["page"]
    assert client.get(receipt["page"]).status_code == 200
