"""A household opens its file by a code to its phone; who knows only a reference, or an identifier, learns nothing."""

import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from html import unescape
from uuid import UUID

import httpx
import pytest

from models import clock
from models.database import transact, transaction
from models.errors import Unavailable
from notifications.catalogues import LANGUAGES
from notifications.codes import CodeDeliverer
from notifications.deliver import CallRefused
from notifications.leases import Leased
from notifications.notices import notices
from tests.conftest import forget_settings
from tests.factories import an_idcs
from tests.filing import a_household, an_application, file, register, rows, value
from tests.integration.gateways import BookGateway
from tests.portal.applying import Applying, code_sent, fill_in, send_proved
from tests.portal.conftest import Client
from tests.portal.standing import registered, work_off
from web.language import PAGES
from workflows.engine.lanes import INTERACTIVE
from workflows.intake.codes import A_DAY, LIFE, TRIES, Verdict, Wanted, ask, code_of, digest, prove, try_code
from workflows.intake.submit import Accepted, Application, Rejected, submit
from workflows.intake.visits import IDLE, OWN

both = pytest.mark.parametrize("language", LANGUAGES)
SIGN_IN = "sign-in"


def asked(client: Client, who: str, own: str = "no", language: str = "fr") -> httpx.Response:
    """What a browser gets that asks for a code."""
    return client.post(f"/{language}/{SIGN_IN}", data={"who": who, "own": own})


def typed(client: Client, code: str, language: str = "fr") -> httpx.Response:
    """What a browser gets that types a code."""
    return client.post(f"/{language}/{SIGN_IN}/code", data={"code": code})


def declarant_of(taken: Accepted) -> str:
    """The identifier of who declared a household."""
    return str(value(f"select applicant_idcs from cases where id = {taken.case_id}"))


@both
def test_a_household_opens_its_file_by_a_code(client: Client, language: str) -> None:
    taken = registered()
    assert f'href="/{language}/{SIGN_IN}"' in client.get(f"/{language}").text
    page = unescape(asked(client, taken.reference.lower(), language=language).text)
    assert PAGES.text(language, "Type the code") in page

    arabic = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
    answer = typed(client, f" {code_sent(client)[:3]} {code_sent(client)[3:]} ".translate(arabic), language)

    assert str(answer.url.path) == f"/{language}/status/{taken.reference}"
    assert PAGES.text(language, "Close my file on this device") in unescape(answer.text)
    assert "__Host-code" not in client.cookies


def test_the_declarants_identifier_serves_as_well_as_the_reference(client: Client) -> None:
    taken = registered()
    asked(client, declarant_of(taken))
    assert str(typed(client, code_sent(client)).url.path).endswith(taken.reference)


def test_another_members_identifier_opens_nothing(client: Client) -> None:
    taken = registered()
    declarant = declarant_of(taken)
    other = next(idcs for (idcs,) in rows("select idcs from person_claim") if idcs != declarant)
    asked(client, other)
    assert typed(client, code_sent(client)).status_code == 422
    assert rows("select status, recipient from phone_code") == [("none", None)]


def test_nobody_learns_by_a_code_which_household_is_known(client: Client) -> None:
    taken = registered()
    pages = []
    for who in (taken.reference, "RSU-0000-0000-0000", an_idcs(99)):
        client.cookies.clear()
        shown, wrong = asked(client, who), [typed(client, "000000") for _ in range(TRIES + 1)]
        if who == taken.reference:
            assert code_of(digest(client.cookies["__Host-code"])) != "000000"
        pages.append([(each.status_code, str(each.url.path), each.text) for each in (shown, *wrong)])
    assert pages[0] == pages[1] == pages[2]


def test_a_code_serves_once_for_a_while_for_five_tries_and_in_one_browser(client: Client) -> None:
    taken = registered()
    asked(client, taken.reference)
    token = client.cookies["__Host-code"]
    right = code_sent(client)
    now = clock.now()

    def tried(code: str, after: timedelta = timedelta(0), of: str = token) -> Verdict:
        return transact(lambda connection: try_code(connection, of, code, now + after)).verdict

    assert tried(right, of="another browser") is Verdict.OVER
    assert tried(right, after=LIFE + timedelta(seconds=1)) is Verdict.OVER
    wrong = "000000" if right != "000000" else "000001"
    assert [tried(wrong) for _ in range(TRIES - 1)] == [Verdict.WRONG] * (TRIES - 1)
    assert tried(right) is Verdict.RIGHT
    assert tried(right) is Verdict.OVER


def test_a_right_code_opens_the_file_a_single_time(client: Client) -> None:
    taken = registered()
    asked(client, taken.reference)
    token, right, now = client.cookies["__Host-code"], code_sent(client), clock.now()
    found = [transact(lambda connection: try_code(connection, token, right, now)).verdict for _ in range(2)]
    assert found == [Verdict.RIGHT, Verdict.OVER]


def test_of_a_thousand_guesses_at_once_five_count(client: Client) -> None:
    taken = registered()
    asked(client, taken.reference)
    token, now = client.cookies["__Host-code"], clock.now()
    wrong = "000000" if code_sent(client) != "000000" else "000001"

    def guess(_: int) -> Verdict:
        return transact(lambda connection: try_code(connection, token, wrong, now)).verdict

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(guess, range(40)))
    assert found.count(Verdict.WRONG) == TRIES - 1
    assert typed(client, code_sent(client)).status_code == 422


def test_a_phone_gets_one_code_a_minute_and_five_a_day(client: Client) -> None:
    taken = registered()
    phone, now = str(value("select phone from case_body")), clock.now()

    def sent_after(seconds: int) -> str:
        wanted = Wanted(taken.reference, phone, "fr", "192.0.2.1")
        token = transact(lambda connection: ask(connection, wanted, now + timedelta(seconds=seconds)))
        return str(rows("select status from phone_code where token = %s", digest(token))[0][0])

    assert [sent_after(seconds) for seconds in (0, 30, 61)] == ["owed", "none", "owed"]
    assert [sent_after(200 + 100 * each) for each in range(A_DAY)] == ["owed"] * 3 + ["none"] * 2
    assert sent_after(90_000) == "owed"


def test_who_asks_again_at_once_keeps_the_code_that_is_on_its_way(client: Client) -> None:
    taken = registered()
    asked(client, taken.reference)
    first = code_sent(client)
    asked(client, taken.reference)
    assert code_sent(client) == first
    assert str(typed(client, first).url.path).endswith(taken.reference)


def test_one_network_and_all_together_get_no_more_codes_than_the_settings_allow(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = registered()
    monkeypatch.setenv("SIJIL_CODES_FROM_NETWORK", "2")
    forget_settings()
    for who in (an_idcs(91), an_idcs(92)):
        client.cookies.clear()
        assert asked(client, who).status_code == 200
    client.cookies.clear()
    refused = asked(client, taken.reference)
    assert refused.status_code == 429
    assert PAGES.text("fr", "wrong.too_many_codes") in unescape(refused.text)
    assert f'value="{taken.reference}"' in refused.text


@both
def test_what_cannot_be_a_reference_or_an_identifier_is_told_and_kept(client: Client, language: str) -> None:
    for who, code in (
        ("", "nobody"),
        ("12345", "idcs_length"),
        (f"3{an_idcs(1)[1:]}", "idcs_check_digit"),
        ("AB123456", "who"),
        ("<b>&", "who"),
    ):
        answer = asked(client, who, language=language)
        assert answer.status_code == 422
        assert PAGES.text(language, f"wrong.{code}") in unescape(answer.text)
    assert 'value="&lt;b&gt;&amp;"' in answer.text


def test_a_form_of_another_site_asks_for_no_code_and_opens_nothing(client: Client) -> None:
    foreign = {"sec-fetch-site": "cross-site"}
    for address in (SIGN_IN, f"{SIGN_IN}/code"):
        assert client.post(f"/fr/{address}", data={"who": an_idcs(99)}, headers=foreign).status_code == 403
    assert rows("select count(*) from phone_code") == [(0,)]


def test_a_visit_by_code_is_of_all_cases_of_the_household_and_of_no_other(client: Client) -> None:
    taken, other = registered(0), registered(5)
    asked(client, taken.reference)
    typed(client, code_sent(client))
    close = PAGES.text("fr", "Close my file on this device")
    assert close in unescape(client.get(f"/fr/status/{taken.reference}").text)
    assert close not in unescape(client.get(f"/fr/status/{other.reference}").text)


@pytest.mark.parametrize(("own", "lasts"), [("no", IDLE), ("yes", OWN[0])])
def test_a_visit_lasts_as_long_as_the_phone_is_theirs(client: Client, own: str, lasts: timedelta) -> None:
    taken = registered()
    asked(client, taken.reference, own)
    typed(client, code_sent(client))
    close = PAGES.text("fr", "Close my file on this device")
    for after, there in ((lasts - timedelta(minutes=1), True), (lasts + timedelta(minutes=1), False)):
        with transaction() as connection:
            connection.execute("update receipt_session set seen_at = %s", [clock.now() - after])
        assert (close in unescape(client.get(f"/fr/status/{taken.reference}").text)) is there


def test_the_code_is_sent_once_in_the_readers_language_and_the_number_goes_with_it(client: Client) -> None:
    taken = registered()
    phone = value("select phone from case_body")
    sent: list[Leased] = []

    class Noting(BookGateway):
        def send(self, messages: Sequence[Leased]) -> Mapping[UUID, str]:
            sent.extend(messages)
            return super().send(messages)

    deliverer = CodeDeliverer(Noting())
    asked(client, taken.reference, language="ar")
    deliverer.drain()
    deliverer.drain()
    (message,) = sent
    assert message.recipient == phone
    assert code_sent(client) in message.body
    assert re.search(r"[؀-ۿ]", message.body)
    assert rows("select status, recipient from phone_code") == [("sent", None)]


def refused_at(answer: httpx.Response) -> str:
    """The address to which a refused form leads."""
    assert answer.status_code == 303
    return answer.headers["location"]


def test_a_refused_code_has_an_address_that_says_so_until_another_is_asked_for(client: Client) -> None:
    taken = registered()
    asked(client, taken.reference)
    here = f"/fr/{SIGN_IN}/code"
    refused = client.post(here, data={"code": "000000"}, follow_redirects=False)
    for _ in range(2):  # and reloads
        shown = client.get(refused_at(refused))
        assert shown.status_code == 422
        assert PAGES.text("fr", "wrong.code").format(left=TRIES - 1) in unescape(shown.text)
    assert client.get(here).status_code == 200
    rows("update phone_code set at = at - interval '61 seconds'")
    asked(client, taken.reference)
    assert client.get(refused_at(refused)).status_code == 200


def test_a_code_that_came_too_late_is_refused_in_words_and_who_goes_back_later_is_asked_whose_file_it_is(
    client: Client,
) -> None:
    over = PAGES.text("fr", "wrong.code_over")
    asked(client, registered().reference)
    client.cookies.clear()  # after a quarter of an hour the browser forgets it
    refused = typed(client, "000000")
    assert (refused.status_code, over in unescape(refused.text)) == (422, True)
    back = client.get(f"/fr/{SIGN_IN}/code?wrong=wrong")
    assert (back.status_code, str(back.url.path)) == (200, f"/fr/{SIGN_IN}")
    asked(client, registered(5).reference)
    rows("update phone_code set at = at - interval '16 minutes'")
    refused = typed(client, "000000")
    assert (refused.status_code, over in unescape(refused.text)) == (422, True)


def test_a_refused_secret_has_an_address_that_leads_to_the_file_once_the_right_one_was_given(client: Client) -> None:
    taken = registered()
    here, wrong = f"/fr/status/{taken.reference}", {"secret": "0" * 10, "to": "change"}
    refused = client.post(f"{here}/open", data=wrong, follow_redirects=False)
    for _ in range(2):
        shown = client.get(refused_at(refused))
        assert (shown.status_code, PAGES.text("fr", "wrong.secret") in unescape(shown.text)) == (422, True)
    assert 'name="to" value="change"' in shown.text
    client.post(f"{here}/open", data={"secret": taken.secret})
    assert str(client.get(refused_at(refused)).url.path) == f"{here}/change"
    kept = client.post(f"{here}/open", data=wrong | {"typed.said": "<b>"}, follow_redirects=False)
    assert (kept.status_code, "&lt;b&gt;" in kept.text) == (422, True)


def test_a_refused_code_of_an_application_has_an_address_and_who_goes_back_to_it_is_led_to_the_receipt(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = Applying(client, "fr")
    fill_in(who, a_household(0, members=2).body)
    assert who.send("check")[2] == "code"
    mark = dict(re.findall(r'type="hidden" name="(mark)" value="(\w+)"', who.page("code")))
    monkeypatch.setenv("SIJIL_CODES_FROM_NETWORK", "1")
    forget_settings()
    asked(client, an_idcs(99))
    client.cookies.delete("__Host-code")
    full = client.post(f"{who.here}/code", data=mark | {"do": "send"}, follow_redirects=False)
    assert client.get(refused_at(full)).status_code == 429
    monkeypatch.delenv("SIJIL_CODES_FROM_NETWORK")
    forget_settings()
    never_asked = client.post(f"{who.here}/code", data=mark | {"code": "000000"})
    assert never_asked.status_code == 422
    assert PAGES.text("fr", "wrong.code_over") in unescape(never_asked.text)

    who.answer("code", do="send")
    refused = client.post(f"{who.here}/code", data=mark | {"code": "000000"}, follow_redirects=False)
    for _ in range(2):
        shown = client.get(refused_at(refused))
        assert shown.status_code == 422
        assert PAGES.text("fr", "wrong.code").format(left=TRIES - 1) in unescape(shown.text)
    assert who.send("code", code=code_sent(client))[2] == "receipt"
    assert str(client.get(refused_at(refused)).url.path) == f"{who.here}/receipt"


# Whose phone is shown -------------------------------------------------------------------------------


def test_who_applies_shows_their_phone_before_the_application_is_sent(client: Client) -> None:
    made = a_household(0, members=2)
    who = Applying(client, "fr")
    fill_in(who, made.body)
    assert who.send("check")[2] == "code"
    assert value("select count(*) from cases") == 0
    who.answer("code", do="send")
    status, page, _ = who.send("code", code="000000" if code_sent(client) != "000000" else "000001")
    assert status == 422
    assert PAGES.text("fr", "wrong.code").format(left=TRIES - 1) in page
    assert who.send("code", code=code_sent(client))[2] == "receipt"
    assert value("select count(*) from cases where proved_at is not null") == 1


def test_another_number_than_the_one_that_got_the_code_is_not_shown(client: Client) -> None:
    made = a_household(0, members=2)
    who = Applying(client, "fr")
    fill_in(who, made.body)
    who.answer("code", do="send")
    code = code_sent(client)
    who.answer("contact", phone="0612345678", language="fr")
    assert who.page("code").count('id="code"') == 0
    mark = {"mark": re.findall(r'name="mark" value="(\w+)"', who.page("code"))[0], "code": code}
    assert client.post(f"{who.here}/code", data=mark).status_code == 422
    assert value("select count(*) from cases") == 0


def test_an_application_without_a_code_keeps_nobody_out(client: Client) -> None:
    made = a_household(0, members=2)
    register([made])
    stranger = Applying(client, "fr")
    fill_in(stranger, made.body | {"phone": "0611111111"})
    assert stranger.send("check")[2] == "code"
    stranger.answer("code", do="without")
    assert value("select count(*) from cases where proved_at is null") == 1
    client.cookies.clear()

    owner = Applying(client, "fr")
    fill_in(owner, made.body)
    assert send_proved(owner) == "receipt"

    work_off()
    stages = dict(rows("select r.reference, c.stage from cases c join receipt r on r.case_id = c.id"))
    assert len(stages) == 2
    assert "under_review" in stages.values()  # a person looks at both: they name the same persons


def test_who_registered_a_household_without_a_code_does_not_keep_its_owner_out(client: Client) -> None:
    made = a_household(0, members=2)
    register([made])
    application = an_application(made.body, "stranger")
    unproved = Application(application.key, "api", INTERACTIVE, application.declaration)
    (taken,) = transact(lambda connection: submit(connection, [unproved], clock.now(), notices))
    assert isinstance(taken, Accepted)
    work_off()
    (again,) = transact(
        lambda connection: submit(
            connection, [Application("b", "api", INTERACTIVE, unproved.declaration)], clock.now(), notices
        )
    )
    assert isinstance(again, Rejected)
    assert isinstance(file(made.body | {"application": "owner"})[0], Accepted)


def test_opening_a_file_by_a_code_shows_the_phone_of_an_application_that_came_by_api(client: Client) -> None:
    made = a_household(0, members=2)
    declared = an_application(made.body, "a").declaration
    sent = Application("a", "api", INTERACTIVE, declared)
    (taken,) = transact(lambda connection: submit(connection, [sent], clock.now(), notices))
    assert isinstance(taken, Accepted)
    assert value("select proved_at from cases") is None
    asked(client, taken.reference)
    typed(client, code_sent(client))
    assert value("select proved_at is not null from cases") is True


# What becomes of a code ------------------------------------------------------------------------------


def test_of_two_applications_of_a_person_shown_at_once_one_is_shown_and_both_open(client: Client) -> None:
    declared = an_application(a_household(0, members=2).body, "a").declaration
    sent = [Application(key, "api", INTERACTIVE, declared) for key in ("a", "b")]
    with transaction() as connection:
        taken = [submit(connection, [each], clock.now(), notices)[0] for each in sent]
    first, second = (each for each in taken if isinstance(each, Accepted))
    now = clock.now()
    with ThreadPoolExecutor(1) as other, transaction() as connection:
        prove(connection, first.reference, now)
        waits = other.submit(lambda: transact(lambda each: prove(each, second.reference, now)))
        while not value("select exists (select from pg_locks where not granted)"):
            pass
        connection.commit()
        waits.result(10)
    assert value("select count(*) from cases where proved_at is not null") == 1


def three_codes() -> None:
    """Three codes that are due."""
    for place in range(3):
        wanted = Wanted(f"RSU-0000-0000-000{place}", f"06123456{place:02}", "ar", "192.0.2.1")
        with transaction() as connection:
            ask(connection, wanted, clock.now())


class Breaking(BookGateway):
    """Ends each call in the middle: the first was accepted, the second never left, of the third nobody knows."""

    def send(self, messages: Sequence[Leased]) -> Mapping[UUID, str]:
        self.accepted += [each.id for each in messages]
        first, second, *_ = messages
        raise CallRefused("The session broke.", "gone", answers={first.id: "accepted", second.id: None})


def test_of_a_call_that_broke_only_what_surely_never_left_is_sent_again(database: str) -> None:
    three_codes()
    with pytest.raises(Unavailable):
        CodeDeliverer(Breaking()).drain()
    assert sorted(rows("select status, recipient is null from phone_code")) == [
        ("owed", False),
        ("sent", True),
        ("sent", True),
    ]


def test_without_an_answer_no_code_is_sent_a_second_time(database: str) -> None:
    three_codes()
    gateway = BookGateway(away_after=True)
    with pytest.raises(Unavailable):
        CodeDeliverer(gateway).drain()
    gateway.away_after = False
    CodeDeliverer(gateway).drain()
    assert len(gateway.accepted) == 3


def test_what_a_gateway_refuses_has_failed_and_an_old_code_is_not_sent(database: str) -> None:
    three_codes()
    CodeDeliverer(BookGateway(refuses="no such number")).drain()
    assert rows("select distinct status from phone_code") == [("failed",)]
    rows("update phone_code set status = 'owed', recipient = '0612345678', at = at - interval '3 minutes'")
    late = BookGateway()
    CodeDeliverer(late).drain()
    assert (late.accepted, rows("select distinct status, recipient from phone_code")) == ([], [("failed", None)])
