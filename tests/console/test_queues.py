"""The operators' page of the queues says what `sijil queues` says, pauses for a reason, and draws the last hour."""

import re
from datetime import timedelta
from html import unescape

import pytest

from models import clock
from tasks.sweep import FailureDetector, sweep
from tests.console.reading import tables
from tests.filing import Worker, file_clean, rows, value
from tests.integration.conftest import worker as worker
from tests.integration.running import Run
from tests.integration.running import sijil as sijil
from tests.portal.conftest import Client
from tests.staffing import a_person, sign_in, token_in
from web.console.charts import chart
from workflows.flows import all_queues
from workflows.queue.samples import minute_of

EN = {"accept-language": "en"}
HERE = "/console/operations"


@pytest.fixture
def operator(client: Client) -> Client:
    """The browser of an operator."""
    client.headers.update(EN)
    sign_in(client, a_person("Omar", "operator"))
    return client


def test_every_figure_is_what_the_command_says(operator: Client, worker: Worker, sijil: Run) -> None:
    file_clean(3)
    worker({"verification"}).drain("verification", 60)
    file_clean(2, 5)
    rows("insert into attempt (queue, case_ids, at) values ('fraud', '{91,92}', now())")

    said = sijil("queues", "--json").json
    machine, people = tables(operator.get(HERE).text)

    assert len(said["queues"]) == len(machine) == len(all_queues())
    for row, shown in zip(said["queues"], machine, strict=True):
        assert shown["Queue"].endswith(row["queue"])
        assert shown["Waiting"] == str(row["depth"])
        assert shown["Done per minute"] == str(row["per_minute"])
        assert shown["Worked alone after a failure"] == str(row["quarantined"])
    waits = {each["Queue"].split()[-1]: each["Expected wait"] for each in machine}
    assert waits["verification"] == "40 seconds"
    assert (waits["scoring"], waits["approval"]) == ("unknown: nothing moves", "none")
    assert [int(each["Waiting"]) for each in people] == [each["waiting"] for each in said["people"]]


def test_a_pause_asks_for_its_reason_and_all_see_who_paused_when_and_why(operator: Client) -> None:
    page = operator.get(f"{HERE}/queues/fraud").text
    form = {"token": token_in(page)}
    asked = operator.post(f"{HERE}/queues/fraud/pause", data={**form, "reason": " "})
    assert asked.status_code == 422
    assert "Say why" in asked.text
    assert value("select count(*) from paused_queue") == 0

    shown = operator.post(f"{HERE}/queues/fraud/pause", data={**form, "reason": "A <faulty> rule"})
    assert str(shown.url).endswith("/queues/fraud")
    for page in (shown.text, operator.get(HERE).text):
        assert "<bdi>Omar</bdi>" in page
        assert "<bdi>A &lt;faulty&gt; rule</bdi>" in page

    again = operator.post(f"{HERE}/queues/fraud/pause", data={**form, "reason": "mine"})
    assert (again.status_code, "This queue is paused already." in again.text) == (422, True)
    assert operator.post(f"{HERE}/queues/fraud/resume", data=form).status_code == 200
    assert value("select count(*) from paused_queue") == 0
    assert operator.post(f"{HERE}/queues/fraud/resume", data=form).status_code == 422
    done = "where act in ('pause_queue', 'resume_queue') order by id"
    noted = rows(f"select act, role, account_id is not null from audit_entry {done}")
    assert noted == [("pause_queue", "operator", True), ("resume_queue", "operator", True)]


def test_a_supervisor_looks_and_pauses_nothing(client: Client) -> None:
    sign_in(client, a_person("Salma", "supervisor"))
    page = client.get(f"{HERE}/queues/fraud", headers=EN).text
    assert "/pause" not in page
    form = {"token": token_in(page), "reason": "mine"}
    assert client.post(f"{HERE}/queues/fraud/pause", data=form).status_code == 403
    assert value("select count(*) from paused_queue") == 0


def test_others_are_not_led_there(client: Client) -> None:
    sign_in(client, a_person("Amina", "caseworker"))
    assert client.get(HERE).status_code == 403
    assert HERE not in client.get("/console").text


def test_there_is_no_page_of_a_queue_that_is_not_there(operator: Client) -> None:
    assert operator.get(f"{HERE}/queues/nothing").status_code == 404


def test_a_held_stage_is_shown_with_its_error(operator: Client) -> None:
    rows("insert into held_stage values ('update', 'scored', 'KeyError in screen', now(), now())")
    for page in (operator.get(HERE).text, operator.get(f"{HERE}/queues/fraud").text):
        assert "KeyError in screen" in page
    assert "KeyError" not in operator.get(f"{HERE}/queues/scoring").text


def test_the_picture_of_the_last_hour_and_its_table_say_the_same(operator: Client) -> None:
    now = minute_of(clock.now())
    for back, depth in ((0, 7), (1, 3), (59, 14)):
        rows("insert into queue_sample values ('fraud', %s, %s, 90, 2)", now - timedelta(minutes=back), depth)
    page = operator.get(f"{HERE}/queues/fraud").text
    (minutes,) = tables(page)
    assert len(minutes) == 60
    figures = [each["Waiting"] for each in minutes]
    assert figures[:2] == ["7", "3"]
    assert figures[-1] == "14"
    assert sum(each.startswith("no figure") for each in figures) == 57
    bars = re.findall(r'class="bar" d="([^"]*)"', page)
    assert bars[0] == "M0 40v-40h3V40zM232 40v-8.57h3V40zM236 40v-20h3V40z"
    assert "at most 14" in unescape(page)


def test_an_arabic_reader_sees_the_hour_from_right_to_left() -> None:
    assert chart([4, None, 2], "ltr") == ("M0 40v-40h3V40zM8 40v-20h3V40z", "M4 40v-40h3V40z", 12, 4)
    assert chart([4, None, 2], "rtl") == ("M8 40v-40h3V40zM0 40v-20h3V40z", "M4 40v-40h3V40z", 12, 4)
    assert chart([0, None], "ltr").bars == ""


def test_the_sweep_draws_what_the_page_shows(operator: Client, broker: str) -> None:
    file_clean(2)
    sweep(FailureDetector())
    (minutes,) = tables(operator.get(f"{HERE}/queues/verification").text)
    assert minutes[0]["Waiting"] == "2"
