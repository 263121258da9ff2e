"""The operators' pages of workers, failed cases, messages and daily jobs: what the commands say, and what they do."""

import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from models import clock
from tasks.schedule import JOBS as JOBS_KNOWN
from tasks.schedule import RETRY_AFTER, next_run
from tests.console.reading import tables
from tests.filing import Worker, current_stage, events_of, file_clean, rows, value
from tests.integration.conftest import worker as worker
from tests.integration.running import Run
from tests.integration.running import sijil as sijil
from tests.integration.test_commands_operation import parked
from tests.portal.conftest import Client
from tests.staffing import a_person, sign_in, token_in
from web.console import background, failed, messages
from web.console.background import work_for
from workflows.intake.submit import Accepted
from workflows.staff.roles import COUNTRY, Territory

EN = {"accept-language": "en"}
WORKERS, PARKED = "/console/operations/workers", "/console/operations/parked"
MESSAGES, JOBS = "/console/operations/messages", "/console/operations/jobs"
ELSEWHERE = Territory(12)


@pytest.fixture
def operator(client: Client) -> Client:
    """The browser of an operator."""
    client.headers.update(EN)
    sign_in(client, a_person("Omar", "operator"))
    return client


@pytest.fixture
def far(client: Client) -> Client:
    """The browser of an operator of a region from which no case is."""
    client.headers.update(EN)
    sign_in(client, a_person("Far", "operator", within=ELSEWHERE))
    return client


def press(client: Client, page: str, address: str, **fields: str) -> str:
    """Sends a form of a page; the page that follows."""
    shown = client.get(page).text
    return client.post(f"{page}/{address}", data={"token": token_in(shown), **fields}).text


def unsent(taken: Accepted, status: str, error: str = "refused") -> None:
    """Makes the messages of a case ones that were not sent."""
    rows("update message set status = %s, error = %s, tries = 9 where case_id = %s", status, error, taken.case_id)


# Workers ----------------------------------------------------------------------------------------------


def test_workers_are_those_of_the_command_with_what_they_hold_by_reference(
    operator: Client, worker: Worker, sijil: Run
) -> None:
    first, second = file_clean(2)
    book = worker({"verification", "scoring"}).runner.attempts
    book.heartbeat(clock.now(), {"cases": 41, "failures": 2})
    book.begin("verification", [first.case_id, second.case_id], clock.now())
    rows(
        "insert into worker (host, pid, queues, since, seen_at, counters) values ('gone', 7, '{}', now(), now(), '{}')"
    )

    said = sijil("workers", "--json").json["workers"]
    (shown,) = tables(operator.get(WORKERS).text)

    for row, found in zip(said, shown, strict=True):
        assert f"{row['host']}:{row['pid']}" in found["Process"]
        assert found["Cases that it holds"] == str(row["holds"])
        assert found["State"].startswith("alive" if row["alive"] else "dead")
    assert (shown[0]["Cases moved"], shown[0]["Batches that failed"]) == ("41", "2")
    assert first.reference in shown[0]["What it holds"]
    assert second.reference in shown[0]["What it holds"]
    assert shown[1]["What it holds"] == "–"


def test_what_workers_hold_of_another_region_is_counted_and_not_named(far: Client, worker: Worker) -> None:
    (taken,) = file_clean(1)
    worker({"verification"}).runner.attempts.begin("verification", [taken.case_id], clock.now())
    (shown,) = tables(far.get(WORKERS).text)
    assert taken.reference not in shown[0]["What it holds"]
    assert "and 1 more" in shown[0]["What it holds"]


def test_nobody_at_work_is_said_aloud(operator: Client) -> None:
    assert "No worker process runs" in operator.get(WORKERS).text


# Failed cases -----------------------------------------------------------------------------------------


def test_parked_cases_are_those_of_the_command_with_the_place_of_their_error(operator: Client, sijil: Run) -> None:
    taken = [parked("KeyError in compare"), parked("KeyError in compare"), parked("TypeError in score")]
    said = sijil("parked", "list", "--json", "--limit", "10").json["parked"]
    page = operator.get(PARKED).text
    assert [each["cases"] for each in said] == [2, 1]
    for group in said:
        part = page.partition(f">{group['error']}<")[2].partition("</section>")[0]
        assert f"{group['cases']} cases" in part
        assert "engine.py:1 in work" in part
        assert [each.reference for each in taken if each.reference in part] == group["references"]
    assert "/console/cases/" not in page  # an operator reads no case


def test_one_parked_case_is_sent_on(operator: Client) -> None:
    first, second = parked(), parked()
    page = press(operator, PARKED, "retry", reference=first.reference)
    assert "Sent on: 1" in page
    assert (current_stage(first), current_stage(second)) == ("submitted", "parked")
    assert events_of(first)[-1] == "CaseResumed"
    assert rows("select act, role, case_ids from audit_entry where act = 'resume_parked'") == [
        ("resume_parked", "operator", [first.case_id])
    ]
    again = press(operator, PARKED, "retry", reference=first.reference)
    assert "This case is not parked." in again


def test_all_that_are_parked_alike_are_sent_on_and_no_others(operator: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.resuming.SET", 2)
    alike, other = [parked() for _ in range(3)], parked("TypeError in score")
    rows("update case_failure set stage = 'verified' where case_id = %s", alike[2].case_id)
    page = press(operator, PARKED, "retry", error="KeyError in compare", kind="registration", stage="submitted")
    assert "Sent on: 2" in page
    assert [current_stage(each) for each in (*alike, other)] == ["submitted", "submitted", "parked", "parked"]
    page = press(operator, PARKED, "retry", error="KeyError in compare", kind="registration", stage="submitted")
    assert "No case is parked with this error any more." in page


def test_very_many_go_on_after_the_page_has_answered(operator: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.resuming.SET", 1)
    monkeypatch.setattr(failed, "work_for", lambda name, steps: work_for(name, steps, seconds=0))
    taken = [parked() for _ in range(3)]
    page = press(operator, PARKED, "retry", error="KeyError in compare", kind="registration", stage="submitted")
    assert "Sent on: 1" in page
    assert "The rest goes on without this page" in page
    soon(lambda: [current_stage(each) for each in taken] == ["submitted"] * 3)
    soon(lambda: not background.running)


def test_the_same_order_for_two_territories_is_two(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    named: list[str] = []

    def order(name: str, _: object) -> background.Answer:
        named.append(name)
        return background.Answer(None, goes_on=True)

    monkeypatch.setattr(failed, "work_for", order)
    monkeypatch.setattr(messages, "work_for", order)
    client.headers.update(EN)
    for name, within in (("Omar", COUNTRY), ("Far", ELSEWHERE)):
        client.cookies.clear()
        sign_in(client, a_person(name, "operator", within=within))
        press(client, PARKED, "retry", error="KeyError in compare", kind="registration", stage="submitted")
        press(client, MESSAGES, "resend", status="failed", error="refused")
    assert len(set(named)) == 4


def soon(is_so: Callable[[], bool]) -> None:
    """Waits until something is so."""
    until = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_the_same_work_is_not_done_twice_at_a_time() -> None:
    def steps() -> object:
        yield 1
        assert work_for("alike", iter([2])) == (None, True)
        yield 3

    assert work_for("alike", steps()) == (3, False)  # type: ignore[arg-type]
    assert work_for("alike", iter([])) == (None, False)
    with pytest.raises(ZeroDivisionError):
        work_for("alike", (1 // each for each in (1, 0)))
    assert not background.running


def test_a_case_of_another_region_is_neither_shown_nor_sent_on(far: Client) -> None:
    taken = parked()
    assert taken.reference not in far.get(PARKED).text
    assert "another office" in press(far, PARKED, "retry", reference=taken.reference)
    press(far, PARKED, "retry", error="KeyError in compare", kind="registration", stage="submitted")
    assert current_stage(taken) == "parked"


def test_a_supervisor_sees_what_failed_opens_the_case_and_sends_nothing_on(client: Client) -> None:
    client.headers.update(EN)
    sign_in(client, a_person("Salma", "supervisor"))
    taken = parked()
    page = client.get(PARKED).text
    assert f'href="/console/cases/{taken.reference}"' in page
    assert "Send on" not in page
    data = {"token": token_in(page), "reference": taken.reference}
    assert client.post(f"{PARKED}/retry", data=data).status_code == 403
    assert current_stage(taken) == "parked"


def test_quarantined_cases_are_counted_as_the_queues_count_them(operator: Client, sijil: Run) -> None:
    first, second, third = file_clean(3)
    rows("insert into attempt (queue, case_ids, at) values ('verification', %s, now())", [first.case_id])
    rows(
        "insert into attempt (queue, case_ids, at) values ('verification', %s, now())", [second.case_id, third.case_id]
    )
    rows(
        "insert into case_failure select id, kind, stage, version, 1, 'KeyError in compare', 'persons.py:3 in ask', "
        "now(), false from cases where id = %s",
        first.case_id,
    )
    said = {each["queue"]: each["quarantined"] for each in sijil("queues", "--json").json["queues"]}
    (shown,) = tables(operator.get(PARKED).text)
    assert sum(int(each["Cases"]) for each in shown) == said["verification"] == 3
    by_error = {each["Error"]: each["References"] for each in shown}
    assert len(by_error) == 2
    (place,) = [each for each in by_error if each.startswith("KeyError in compare")]
    assert "persons.py:3 in ask" in place
    assert by_error.pop(place) == first.reference
    assert set(by_error.popitem()[1].split()) == {second.reference, third.reference}


def test_a_held_stage_has_its_place(operator: Client) -> None:
    (taken,) = file_clean(1)
    rows("insert into held_stage values ('registration', 'submitted', 'KeyError in ask', now(), now())")
    rows(
        "insert into case_failure select id, kind, stage, version, 1, 'KeyError in ask', 'ask.py:3 in ask', now(), "
        "false from cases where id = %s",
        taken.case_id,
    )
    part = operator.get(PARKED).text.partition("held-registration-submitted")[2]
    assert "KeyError in ask" in part
    assert "ask.py:3 in ask" in part


# Messages ---------------------------------------------------------------------------------------------


def test_messages_are_those_of_the_command_and_no_number_is_shown(operator: Client, sijil: Run) -> None:
    taken = file_clean(3)
    unsent(taken[0], "failed", "no such number 212611223344")
    unsent(taken[1], "failed", "no such number 212655667788")
    unsent(taken[2], "stuck", "time-out")
    said = sijil("messages", "list", "--json").json["messages"]
    page = operator.get(MESSAGES).text
    assert [each["reference"] for each in said if each["reference"] not in page] == []
    assert "Failed: 2" in page
    assert "Nobody knows whether they were sent" in page
    assert "2126" not in page


def test_messages_of_a_group_are_sent_again_and_no_others(operator: Client) -> None:
    taken = file_clean(3)
    unsent(taken[0], "failed", "refused")
    unsent(taken[1], "failed", "")
    rows("update message set error = null where case_id = %s", taken[1].case_id)
    unsent(taken[2], "stuck", "refused")
    template = value("select distinct template from message")
    page = press(operator, MESSAGES, "resend", status="failed", template=template, error="refused")
    assert "To be sent again: 1" in page
    assert statuses() == {taken[0].case_id: "owed", taken[1].case_id: "failed", taken[2].case_id: "stuck"}
    press(operator, MESSAGES, "resend", status="failed", template=template, error="")
    assert statuses() == {taken[0].case_id: "owed", taken[1].case_id: "owed", taken[2].case_id: "stuck"}
    press(operator, MESSAGES, "resend", reference=taken[2].reference, template=template)
    assert set(statuses().values()) == {"owed"}
    noted = rows("select role, case_ids from audit_entry where act = 'retry_messages' order by id")
    assert noted == [("operator", [each.case_id]) for each in taken]
    assert "No such message failed" in press(operator, MESSAGES, "resend", status="failed")


def statuses() -> dict[int, str]:
    """The status of each case's message."""
    return dict(rows("select case_id, status from message"))


@pytest.mark.parametrize("result", ["sent", "failed"])
def test_a_stuck_message_is_settled_as_the_gateway_says(operator: Client, result: str) -> None:
    first, second = file_clean(2)
    unsent(first, "stuck")
    unsent(second, "failed")
    assert "Settled: 1" in press(operator, MESSAGES, "settle", reference=first.reference, result=result)
    assert statuses() == {first.case_id: result, second.case_id: "failed"}
    assert value("select error from message where case_id = %s", first.case_id).startswith("settled by operator:")
    assert value("select case_ids from audit_entry where act = 'settle_messages'") == [first.case_id]
    for reference, wrong in ((second.reference, "sent"), (first.reference, "perhaps"), ("", "sent")):
        assert "There is a problem" in press(operator, MESSAGES, "settle", reference=reference, result=wrong)
    assert statuses()[second.case_id] == "failed"


def test_messages_of_another_region_are_neither_shown_nor_sent(far: Client) -> None:
    (taken,) = file_clean(1)
    unsent(taken, "stuck")
    assert taken.reference not in far.get(MESSAGES).text
    assert "another office" in press(far, MESSAGES, "settle", reference=taken.reference, result="sent")
    press(far, MESSAGES, "resend", status="stuck")
    assert statuses() == {taken.case_id: "stuck"}


# Daily jobs -------------------------------------------------------------------------------------------


def test_a_job_says_the_last_day_the_next_moment_and_its_error(operator: Client) -> None:
    today, next_try = clock.now().date(), datetime(2031, 3, 5, 14, 20, tzinfo=UTC)
    rows("insert into daily_job values ('anchor', %s, now())", today)
    rows("insert into daily_job values ('retention', %s, %s, 'Refused')", today, next_try - RETRY_AFTER)
    (shown,) = tables(operator.get(JOBS).text)
    anchor, retention = shown
    assert anchor["Done for"] == f"{today.day} {today:%B} {today.year}"
    assert anchor["Due next"].startswith(f"{(today + timedelta(days=1)).day} ")
    assert anchor["Last try"].startswith("done")
    assert retention["Last try"].startswith("It failed and is tried again Refused")
    assert retention["Due next"].startswith("5 Mar 2031")


def test_a_job_is_due_next_when_the_schedule_finds_it_due() -> None:
    done_on = date(2026, 11, 29)
    due = datetime(2026, 11, 30, 1, tzinfo=UTC)
    assert next_run("anchor", done_on, None, failed=False) == due
    (job,) = [each for each in JOBS_KNOWN if each.name == "anchor"]
    assert job.day(due) > done_on >= job.day(due - timedelta(seconds=1))
    assert next_run("anchor", done_on, due, failed=True) == due + RETRY_AFTER
    assert next_run("forgotten", done_on, None, failed=False) is None


def test_where_no_supervisor_has_run_there_is_no_job(operator: Client) -> None:
    assert "No supervisor has run yet" in operator.get(JOBS).text
