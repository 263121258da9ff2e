"""The commands on messages that were not sent: looked at without a number or a text, sent again, settled; no row is
edited by hand.
"""

from datetime import timedelta

import pytest

from models.database import transaction
from models.errors import Unavailable
from notifications.ledger import BEGINNING, STATUSES, Choice, Place, list_statement, unsent_messages
from sijil.output import program
from tests.filing import file_clean, rows, value
from tests.integration.auditing import erase
from tests.integration.gateways import BookGateway, a_deliverer
from tests.integration.running import Run
from tests.integration.waking import waiting
from tests.people import after, citizen
from workflows.intake.submit import Accepted

WAITS_FOR_NOTHING = (
    "sijil: No such message failed, is stuck or waits for a later try. Messages that are due are sent without a retry: "
    "`sijil messages list --status owed`.\n"
)


@pytest.fixture
def taken(database: str) -> list[Accepted]:
    """Three applications: one message failed, one is stuck, one waits."""
    made = file_clean(3)
    failed, stuck, waits = (each.case_id for each in made)
    rows(
        "update message set status = 'failed', tries = 48, error = 'no route to +212612345678' where case_id = %s",
        failed,
    )
    rows(
        "update message set status = 'stuck', tries = 1, fence = 2, error = 'no answer came' where case_id = %s", stuck
    )
    rows(
        "update message set due_at = now() + interval '12 hours', fence = 1, error = 'HTTP 429' where case_id = %s",
        waits,
    )
    return made


def status_of(taken: Accepted) -> str:
    """Of its one message."""
    return str(value("select status from message where case_id = %s", taken.case_id))


def test_the_list_shows_what_failed_and_is_stuck_and_neither_number_nor_text(taken: list[Accepted], ready: Run) -> None:
    ran = ready("messages", "list", "--json")

    shown = [
        (each["reference"], each["status"], each["template"], each["tries"], each["error"])
        for each in ran.json["messages"]
    ]
    assert shown == [
        (taken[0].reference, "failed", "received", 48, "no route to +..."),
        (taken[1].reference, "stuck", "received", 1, "no answer came"),
    ]
    private = [str(each) for row in rows("select recipient, body from message") for each in row if each]
    assert [each for each in [*private, "212612345678"] if each in ran.out] == []


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (["--status", "owed"], {2}),
        (["--error", "no answer came"], {1}),
        (["--status", "owed", "--error", "HTTP 429"], {2}),
        (["--template", "approved"], set()),
        (["--template", "received", "--status", "stuck"], {1}),
        (["--limit", "1"], {0}),
        (["--status", "sending"], set()),
        (["--channel", "sms"], {0, 1}),
        (["--channel", "sms", "--status", "owed"], {2}),
        (["--channel", "email"], set()),
        (["--since", "2020-01-01"], {0, 1}),
        (["--since", "2100-01-01"], set()),
        (["--undelivered"], set()),
    ],
)
def test_the_list_is_narrowed_by_its_options(
    taken: list[Accepted], ready: Run, options: list[str], found: set[int]
) -> None:
    shown = ready("messages", "list", *options, "--json").json["messages"]
    assert {each["reference"] for each in shown} == {taken[place].reference for place in found}


@pytest.mark.parametrize(("most", "cut"), [(1, True), (2, False)])
def test_a_list_that_is_cut_says_so(taken: list[Accepted], ready: Run, most: int, cut: bool) -> None:
    ran = ready("messages", "list", "--limit", most, "--json")
    assert ("and more (--limit)" in ran.out, ran.json["more"]) == (cut, cut)


def test_a_list_goes_on_behind_the_place_with_which_it_ended_and_names_each_message_once(
    taken: list[Accepted], ready: Run
) -> None:
    rows("update message set status = 'failed', delivery = null")
    seen: list[str] = []
    more: list[str] = []
    for _ in taken:
        ran = ready("messages", "list", "--limit", "1", *more, "--json")
        (message,) = ran.json["messages"]
        seen.append(message["reference"])
        more = ["--after", message["place"]]
        assert (f"and more (--limit): --after {message['place']}\n" in ran.out) == ran.json["more"]
    assert seen == [each.reference for each in taken]
    assert ready("messages", "list", *more).out == "no such message\n"


def test_what_the_gateway_reported_as_undelivered_is_listed_though_it_was_sent(
    taken: list[Accepted], ready: Run
) -> None:
    lost, *_ = taken
    rows("update message set status = 'sent', delivery = 'delivered', delivery_at = now()")
    rows("update message set delivery = 'undelivered' where case_id = %s", lost.case_id)
    for options in ((), ("--since", "2020-01-01"), ("--channel", "sms")):
        (shown,) = ready("messages", "list", "--undelivered", *options, "--json").json["messages"]
        assert (shown["reference"], shown["status"], shown["delivery"]) == (lost.reference, "sent", "undelivered")
    assert ready("messages", "list", "--undelivered", "--since", "2100-01-01").out == "no such message\n"


def test_of_a_number_the_list_shows_the_last_two_digits_and_of_an_address_nothing(
    taken: list[Accepted], ready: Run
) -> None:
    sms, mail, _ = taken
    rows("update message set recipient = '+212612345678' where case_id = %s", sms.case_id)
    rows("update message set channel = 'email', recipient = 'home@example.ma' where case_id = %s", mail.case_id)
    ran = ready("messages", "list", "--json")
    assert [(each["channel"], each["ends_in"]) for each in ran.json["messages"]] == [("sms", "78"), ("email", None)]
    assert f"{sms.reference}  failed    48  sms ..78  received" in ran.out
    assert "home" not in ran.out
    assert "5678" not in ran.out


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--channel", "pigeon"), "There is no channel 'pigeon'. There are sms, letter, email."),
        (("--since", "yesterday"), "'yesterday' is no day: it looks like 2026-11-30, or 2026-11-30T14:00."),
        (("--after", "7"), "'7' is no place of a list: copy what `messages list` ended with."),
        (("--after", "failed/RSU-0000-0000-0000/x/received"), "is no place of a list"),
        (("--after", "failed/RSU-0000-0000-0000/1/received"), "RSU-0000-0000-0000"),
        (("--status", "lost"), "There is no status 'lost' here. There are owed, sending, failed, stuck."),
    ],
)
def test_a_wrong_option_of_the_list_is_refused_with_what_would_be_right(
    taken: list[Accepted], ready: Run, options: tuple[str, ...], said: str
) -> None:
    ran = ready("messages", "list", *options)
    assert ran.code != 0
    assert ran.out == ""
    assert said in " ".join(ran.err.replace("│", " ").split())


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "none failed or stuck; 3 wait: {program} messages list --status owed\n"),
        (
            ["--error", "HTTP 429"],
            "none failed or stuck; 1 waits: {program} messages list --status owed --error 'HTTP 429'\n",
        ),
        (["--template", "approved"], "none failed or stuck, and none waits\n"),
        (
            ["--channel", "sms", "--since", "2020-01-01"],
            "none failed or stuck; 3 wait: {program} messages list --status owed --channel sms "
            "--since 2020-01-01T00:00:00+00:00\n",
        ),
        (["--undelivered"], "no such message\n"),
        (["--status", "failed"], "no such message\n"),
    ],
)
def test_a_list_of_nothing_says_how_many_wait(taken: list[Accepted], ready: Run, options: list[str], said: str) -> None:
    rows("update message set status = 'owed'")

    ran = ready("messages", "list", *options)

    assert (ran.code, ran.out) == (0, said.format(program=program()))


def test_the_list_of_one_application_shows_all_of_it_that_was_not_sent(taken: list[Accepted], ready: Run) -> None:
    ran = ready("messages", "list", taken[2].reference)
    assert "HTTP 429" in ran.out
    assert taken[0].reference not in ran.out


@pytest.mark.parametrize(
    ("options", "place"),
    [
        (["--status", "failed"], 0),
        (["--error", "no answer came"], 1),
        (["--error", "HTTP 429"], 2),
        (["--error", "no route to +..."], 0),
    ],
)
def test_what_is_retried_is_owed_anew_and_at_once_and_no_other(
    taken: list[Accepted], ready: Run, options: list[str], place: int
) -> None:
    before = rows("select status, tries, error from message where case_id <> %s order by case_id", taken[place].case_id)

    assert ready("messages", "retry", *options, "--json").json == {"retried": 1}

    again = rows("select status, tries, error, due_at <= now() from message where case_id = %s", taken[place].case_id)
    assert again == [("owed", 0, None, True)]
    assert (
        rows("select status, tries, error from message where case_id <> %s order by case_id", taken[place].case_id)
        == before
    )
    assert waiting() == {"delivery": 1}


def test_a_message_that_is_retried_by_its_reference_is_sent_once_even_if_the_gateway_had_it(
    taken: list[Accepted], ready: Run
) -> None:
    gateway = BookGateway(accepted=[value("select id from message where case_id = %s", taken[1].case_id)])

    assert ready("messages", "retry", taken[1].reference).code == 0
    a_deliverer(gateway).drain()

    assert status_of(taken[1]) == "sent"
    assert len(gateway.accepted) == 1


def test_what_is_under_a_lease_sent_or_erased_is_not_retried(taken: list[Accepted], ready: Run) -> None:
    citizen(taken[2], "withdrawal")
    with pytest.raises(Unavailable), after(days=1):
        a_deliverer(BookGateway(away_before=True)).drain()
    erase(taken[2])
    before = rows("select status, error from message where case_id = %s order by seq", taken[2].case_id)

    ran = ready("messages", "retry", taken[2].reference)

    assert (ran.code, ran.err) == (2, WAITS_FOR_NOTHING)
    assert rows("select status, error from message where case_id = %s order by seq", taken[2].case_id) == before


@pytest.fixture
def many_sent(taken: list[Accepted]) -> None:
    """Twenty thousand messages that arrived, and a hundred that did not."""
    columns = "seq, template, channel, language, body, recipient, salt, rank, due_at"
    rows(
        f"""
        insert into message (case_id, id, status, sent_at, fence, delivery, delivery_at, {columns})
        select 1000 + n, uuidv7(), 'sent', now(), 1,
            case when mod(n, 200) = 0 then 'undelivered' else 'delivered' end, now(), {columns}
        from message, generate_series(1, 20000) as n where case_id = %s
        """,
        taken[0].case_id,
    )
    rows(
        "insert into receipt (reference, case_id, idempotency_key, body_hash) "
        "select 'R' || n, 1000 + n, 'R' || n, '' from generate_series(1, 20000) as n"
    )
    rows("analyze message, receipt")


@pytest.mark.parametrize("after", [BEGINNING, Place("sent", 9000, 1, "received")])
def test_what_did_not_arrive_is_read_from_its_own_index_in_the_order_of_the_list(many_sent: None, after: Place) -> None:
    choice = Choice((*STATUSES, "sent"), undelivered=True)
    begins = dict(zip(("after_status", "after_case", "after_seq", "after_template"), after, strict=True))
    with transaction() as connection:
        asked = connection.execute(f"explain {list_statement(choice)}", choice.parameters(20) | begins)
        plan = "\n".join(line for (line,) in asked)
        listed = unsent_messages(connection, choice, 20, after)
    assert "message_undelivered" in plan, plan
    assert "Seq Scan on message" not in plan, plan
    assert "Sort" not in plan, plan
    assert (len(listed), {each["delivery"] for each in listed}) == (20, {"undelivered"})


@pytest.mark.parametrize("result", ["sent", "failed"])
def test_a_stuck_message_is_settled_as_the_operator_learned_and_who_said_so_is_kept(
    taken: list[Accepted], ready: Run, result: str
) -> None:
    ran = ready("messages", "settle", taken[1].reference, result, "--as", "Nadia", "--json")

    assert ran.json == {"settled": 1, "as": result}
    again = f"messages retry {taken[1].reference}"
    assert f"1 stuck message is recorded as {result}" in ran.out
    assert (again in ran.out) == (result == "failed")
    ((status, error, at),) = rows(
        "select status, error, now() - sent_at from message where case_id = %s", taken[1].case_id
    )
    assert (status, error.startswith("settled by operator:"), "Nadia" in error) == (result, True, False)
    assert at < timedelta(minutes=1) if result == "sent" else at is None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["retry"], "Name the messages"),
        (["retry", "--status", "sent"], "no status 'sent' here"),
        (["list", "--status", "lost"], "no status 'lost'"),
        (["settle", "RSU-0000-0000-0000", "sent", "--as", "x"], "There is no application"),
        (["retry", "--error", "never seen"], "No such message"),
    ],
)
def test_a_mistake_is_said_in_one_sentence(taken: list[Accepted], ready: Run, arguments: list[str], said: str) -> None:
    ran = ready("messages", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
    assert ran.err.count("\n") == 1


def test_only_what_is_stuck_is_settled_and_only_as_sent_or_failed(taken: list[Accepted], ready: Run) -> None:
    assert "is stuck" in ready("messages", "settle", taken[0].reference, "sent", "--as", "x").err
    of_another = ready("messages", "settle", taken[1].reference, "sent", "--template", "heard", "--as", "x")
    assert "of the template heard is stuck" in of_another.err
    lost = ready("messages", "settle", taken[1].reference, "lost", "--as", "x").err
    assert "cannot be settled as 'lost'. Say sent, if the gateway carried it, or failed" in lost
    assert [status_of(each) for each in taken] == ["failed", "stuck", "owed"]
