"""Every command, every role, the own territory and another one: who may, and who is told that they may not.

The table says it once more, apart from the table of rights. A new command is red here until it is listed.
"""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import rmtree
from typing import NamedTuple

import pytest

from models.settings import settings
from models.staff import ROLES
from sijil.acting import UNGUARDED, forget_token
from tests.commands import commands
from tests.factories import an_enrolment, an_idcs
from tests.filing import file_clean, rows, value
from tests.integration.running import Ran, Run
from tests.people import heard
from tests.staffing import Person, a_person, in_shell
from workflows.intake.submit import Accepted
from workflows.population.signatures import new_key
from workflows.staff.roles import COUNTRY, Territory
from workflows.staff.signatures import OFFICER, OPERATOR, OWNER_NAME, pseudonym

HERE, THERE = Territory(6, "MA-CAS"), Territory(7, "MA-MAR")
OWNER = "owner"
CASE, MANY, NATION = "case", "many", "nation"  # of one case; of none, or of those of the territory; of the country
CASEWORKER, SUPERVISOR, COMMISSION, POPULATION, OPERATING, AUDITOR, ADMINISTRATOR = ROLES
AT_DESK = {CASEWORKER, SUPERVISOR}


class May(NamedTuple):
    """Who may give a command, with arguments that are right, and what it is about."""

    who: set[str]
    about: str
    arguments: tuple[str, ...]


def of_case(who: set[str], *arguments: str) -> May:
    """A command on one case."""
    return May(who, CASE, ("REFERENCE", *arguments))


def of_many(who: set[str], *arguments: str) -> May:
    """A command on no case, or on all of a territory."""
    return May(who, MANY, arguments)


TABLE = {
    "sijil import": of_many({OWNER}, "FILE"),
    "sijil enrol": May({POPULATION, OWNER}, NATION, ("FILE",)),
    "sijil persons duplicates": May({POPULATION, OWNER}, NATION, ("--given-la", "Nadia", "--family-la", "Benali")),
    "sijil persons count-names": May({POPULATION, OWNER}, NATION, ()),
    "sijil persons renew-keys": May({POPULATION, OWNER}, NATION, ()),
    "sijil update": of_case({*AT_DESK, OWNER}, "--begin"),
    "sijil answer": of_case({*AT_DESK, POPULATION, OWNER}, "reopening"),
    "sijil reviews list": of_many({*AT_DESK, COMMISSION, POPULATION, OWNER}),
    "sijil reviews show": of_case({*AT_DESK, COMMISSION, POPULATION, AUDITOR, OWNER}),
    "sijil decide": of_case(AT_DESK, "clear", "--reason", "moved"),
    "sijil identities list": of_many({*AT_DESK, COMMISSION, POPULATION, OWNER}),
    "sijil identities show": of_case({*AT_DESK, COMMISSION, POPULATION, AUDITOR, OWNER}),
    "sijil identities decide": of_case({*AT_DESK, POPULATION}, "--same", "1=slip"),
    "sijil appeals list": of_many({*AT_DESK, COMMISSION, POPULATION, OWNER}),
    "sijil appeals show": of_case({*AT_DESK, COMMISSION, POPULATION, AUDITOR, OWNER}),
    "sijil appeals lodge": of_case({*AT_DESK, OWNER}, "APPEAL"),
    "sijil appeals assign": of_case({*AT_DESK, POPULATION}),
    "sijil appeals hand-back": of_case({*AT_DESK, POPULATION}),
    "sijil appeals ask": of_case(AT_DESK, "--for", "bill"),
    "sijil appeals add": of_case({*AT_DESK, OWNER}, "FILE"),
    "sijil appeals propose": of_case({*AT_DESK, COMMISSION}, "--uphold", "decision=recorded_wrongly"),
    "sijil appeals agree": of_case({*AT_DESK, COMMISSION}),
    "sijil appeals return": of_case({*AT_DESK, COMMISSION}, "--reason", "more_to_ask"),
    "sijil appeals escalate": of_case({SUPERVISOR}),
    "sijil appeals retry": of_case(AT_DESK),
    "sijil appeals review": of_case({SUPERVISOR}),
    "sijil enrolments file": May({POPULATION, OWNER}, CASE, ("ENROLMENT",)),  # in the territory of its centre
    "sijil enrolments list": of_many({*AT_DESK, COMMISSION, POPULATION, OWNER}),
    "sijil enrolments show": of_case({*AT_DESK, COMMISSION, POPULATION, AUDITOR, OWNER}),
    "sijil enrolments complete": of_case({POPULATION}),
    "sijil enrolments confirm": of_case({POPULATION}),
    "sijil enrolments return": of_case({POPULATION}, "--reason", "person_not_seen"),
    "sijil enrolments another": of_case({POPULATION}),
    "sijil enrolments same": of_case({POPULATION}, "--idcs", an_idcs(1)),
    "sijil show": of_case({*AT_DESK, COMMISSION, POPULATION, AUDITOR, OWNER}),
    "sijil queues": of_many({OPERATING, SUPERVISOR, OWNER}),
    "sijil queues pause": May({OPERATING, OWNER}, NATION, ("fraud",)),
    "sijil queues resume": May({OPERATING, OWNER}, NATION, ("fraud",)),
    "sijil workers": of_many({OPERATING, SUPERVISOR, OWNER}),
    "sijil parked list": of_many({OPERATING, SUPERVISOR, OWNER}),
    "sijil parked show": of_case({OPERATING, SUPERVISOR, OWNER}),
    "sijil parked retry": of_case({OPERATING, OWNER}),
    "sijil life-events status": of_many({OPERATING, SUPERVISOR, POPULATION, OWNER}),
    "sijil life-events aside": of_many({OPERATING, SUPERVISOR, POPULATION, OWNER}),
    "sijil life-events show": May({OPERATING, POPULATION, OWNER}, NATION, ("1",)),
    "sijil life-events retry": May({OPERATING, POPULATION, OWNER}, NATION, ("1",)),
    "sijil life-events settle": May({OPERATING, POPULATION, OWNER}, NATION, ("1",)),
    "sijil life-events begin": May({OPERATING, POPULATION, OWNER}, NATION, ("--behind", "1")),
    "sijil messages list": of_case({OPERATING, SUPERVISOR, OWNER}),
    "sijil messages retry": of_case({OPERATING, OWNER}),
    "sijil messages settle": of_case({OPERATING, OWNER}, "sent"),
    "sijil messages bounced": May({OPERATING, OWNER}, NATION, ("MAILBOX",)),
    "sijil letters batch": May({OPERATING, OWNER}, NATION, ("FILE",)),
    "sijil letters delivered": May({OPERATING, OWNER}, NATION, ("FILE",)),
    "sijil staff add": May({ADMINISTRATOR, OWNER}, CASE, ("amina", "--role", "auditor", "--province", "MA-CAS")),
    "sijil staff role": May({ADMINISTRATOR, OWNER}, CASE, ("target", "--give", "caseworker", "--province", "MA-CAS")),
    "sijil staff lock": May({ADMINISTRATOR, OWNER}, CASE, ("target",)),
    "sijil staff reset": May({ADMINISTRATOR, OWNER}, CASE, ("target",)),
    "sijil staff list": of_many({ADMINISTRATOR, AUDITOR, OWNER}),
    "sijil population partner add": May(
        {ADMINISTRATOR, OWNER}, NATION, ("bank", "--key", "KEY.pub", "--policy", "yes-no")
    ),
    "sijil population partner list": of_many({ADMINISTRATOR, AUDITOR, OWNER}),
    "sijil population partner revoke": May({ADMINISTRATOR, OWNER}, NATION, ("bank",)),
    "sijil population partner rotate": May({ADMINISTRATOR, OWNER}, NATION, ("bank", "--key", "KEY.pub")),
    "sijil population partner policy": May({ADMINISTRATOR, OWNER}, NATION, ("bank", "--rate", "5")),
    "sijil population import": May({POPULATION, OWNER}, NATION, ("FILE",)),
    "sijil population verify": of_many({AUDITOR, OPERATING, OWNER}),
    "sijil population asked": of_many({POPULATION, AUDITOR, OWNER}, "4127730916"),
    "sijil population event birth": of_many({POPULATION, OWNER}, "FILE"),
    "sijil population event death": of_many({POPULATION, OWNER}, "4127730916"),
    "sijil population event rename": of_many({POPULATION, OWNER}, "4127730916", "given_name_la=Salma"),
    "sijil population event correct": of_many({POPULATION, OWNER}, "4127730916", "given_name_la=Salma"),
    "sijil population event marriage": of_many({POPULATION, OWNER}, "4127730916", "--to", "9043320513"),
    "sijil population event divorce": of_many({POPULATION, OWNER}, "4127730916", "--to", "9043320513"),
    "sijil population event guardian": of_many({POPULATION, OWNER}, "4127730916", "--to", "9043320513"),
    "sijil population event merge": of_many({POPULATION, OWNER}, "4127730916", "--into", "9043320513"),
    "sijil population event undo-merge": of_many({POPULATION, OWNER}, "4127730916"),
    "sijil doctor": of_many({AUDITOR, OPERATING, OWNER}),
    "sijil replay": of_many({AUDITOR, OPERATING, OWNER}),
    "sijil audit anchor": of_many({AUDITOR, OPERATING, OWNER}),
    "sijil audit verify": of_many({AUDITOR, OPERATING, OWNER}),
    "sijil audit export": May({AUDITOR, OWNER}, NATION, ("export",)),
    "sijil audit search": May({AUDITOR, OWNER}, NATION, ()),
    "sijil retention": of_many({OWNER}, "--dry-run"),
    "sijil documents rotate": of_many({OWNER}),
    "sijil erase": of_case({OWNER}, "--yes"),
}
NOT_SO = re.compile(r"Your account is|with an account that tells them apart")
ELSEWHERE = re.compile(r"This (case|account) belongs to another office|This concerns the whole country")
People = dict[tuple[str, Territory], Person]


@pytest.fixture
def the_case(database: str) -> Accepted:
    """An application of Casablanca."""
    (taken,) = file_clean(1)
    rows("update cases set region = %s, province = %s", *HERE)
    return taken


@pytest.fixture
def people(the_case: Accepted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[People]:
    """Somebody in each role here, there and in the country, and somebody whom an administrator of here may change."""
    monkeypatch.chdir(tmp_path)
    Path("FILE").write_text("{}", encoding="utf-8")
    Path("ENROLMENT").write_text(json.dumps(an_enrolment()), encoding="utf-8")
    Path("APPEAL").write_text('{"decision": "refusal", "grounds": ["not_heard"]}', encoding="utf-8")
    monkeypatch.setenv("SIJIL_POPULATION_DATABASE_URL", str(settings().database_url))
    Path("KEY.pub").write_text(json.dumps(new_key().as_dict(private=False)), encoding="utf-8")
    a_person("target", POPULATION, within=HERE)
    yield {
        (role, within): a_person(f"{role} {place}", role, within=within)
        for role in ROLES
        for place, within in enumerate((HERE, THERE, COUNTRY))
    }
    forget_token()


@pytest.fixture
def tried(ready: Run, the_case: Accepted, people: People) -> Callable[..., Ran]:
    """Runs a command as an account, or as the owner of the installation."""

    def run(command: str, who: Person | None, *more: str) -> Ran:
        if who:
            in_shell(who)
        else:
            forget_token()
        rmtree("export", ignore_errors=True)
        given = [the_case.reference if each == "REFERENCE" else each for each in TABLE[command].arguments]
        return ready(*command.split()[1:], *given, *more)

    return run


@pytest.fixture
def waiting(queued: Accepted) -> Accepted:
    """An appeal that waits for a caseworker; it and the other cases were there before there were accounts."""
    return queued


def is_unguarded(command: str) -> bool:
    """Whether a command, or the group that it is of, asks nobody who they are."""
    return any(command == each or command.startswith(f"{each} ") for each in UNGUARDED)


def test_every_command_asks_the_guard_or_has_its_reason() -> None:
    every = set(commands())

    assert {each for each in every if not is_unguarded(each)} == set(TABLE)
    assert not {each for each in TABLE if is_unguarded(each)}
    assert not {each for each in UNGUARDED if not any(is_unguarded(known) for known in every if known.startswith(each))}
    assert all(UNGUARDED.values())


@pytest.mark.parametrize("command", TABLE)
def test_only_who_may_gives_a_command_and_only_where_they_may(
    tried: Callable[..., Ran], people: People, command: str
) -> None:
    may = TABLE[command]
    owner = tried(command, None)
    assert bool(NOT_SO.search(owner.err)) == (OWNER not in may.who), owner
    for role in ROLES:
        for within in (HERE, THERE, COUNTRY):
            ran = tried(command, people[role, within])
            if role not in may.who:
                assert (ran.code, bool(NOT_SO.search(ran.err))) == (2, True), (role, ran)
                assert not ELSEWHERE.search(ran.err), (role, ran)
                break
            allowed = within == COUNTRY or (may.about == MANY) or (may.about == CASE and within == HERE)
            assert bool(ELSEWHERE.search(ran.err)) == (not allowed), (role, within, ran)


def test_where_there_are_accounts_no_name_is_taken_for_who_acts(
    ready: Run, tried: Callable[..., Ran], people: People
) -> None:
    naming = [each for each in TABLE if "--as" in ready(*each.split()[1:], "--help").out]
    assert len(naming) > 20
    for command in naming:
        for who in (None, people[SUPERVISOR, HERE]):
            ran = tried(command, who, "--as", "salma")
            assert (ran.code, "--as proves nothing" in ran.err) == (2, True), ran
    assert value("select count(*) from staff_name") == 0


def test_without_accounts_a_name_is_taken_and_one_is_asked_for_where_the_history_needs_it(
    ready: Run, the_case: Accepted
) -> None:
    unnamed = ready("answer", the_case.reference, "withdrawal")
    assert (unnamed.code, "Say who acts: --as NAME" in unnamed.err) == (2, True), unnamed
    assert ready("answer", the_case.reference, "withdrawal", "--as", "salma").code == 0
    assert ready("queues", "pause", "fraud").code == 0
    assert {name for (name,) in rows("select name from staff_name")} == {"salma", "operator"}


def test_the_history_names_the_account_or_the_owner(
    tried: Callable[..., Ran], ready: Run, the_case: Accepted, people: People
) -> None:
    who = people[OPERATING, COUNTRY]
    assert tried("sijil queues pause", who).code == 0
    assert value("select actor from paused_queue") == pseudonym(OPERATOR, who.name)
    assert tried("sijil queues resume", None).code == 0
    forget_token()
    assert ready("answer", the_case.reference, "withdrawal").code == 0

    assert value("select actor from event order by seq desc limit 1") == pseudonym(OFFICER, OWNER_NAME)
    assert {name for (name,) in rows("select name from staff_name")} == {who.name, OWNER_NAME}


def test_lists_and_their_counts_are_of_the_territory_of_who_reads(
    ready: Run, reviewed: tuple[Accepted, Accepted], people: People
) -> None:
    _, later = reviewed
    rows("update cases set region = %s, province = %s where id = %s", *HERE, later.case_id)
    listed = {}
    for within in (HERE, THERE, COUNTRY):
        in_shell(people[CASEWORKER, within])
        found = ready("reviews", "list", "--json").json
        listed[within] = (found["waiting"], [each["reference"] for each in found["reviews"]])

    assert listed == {HERE: (1, [later.reference]), THERE: (0, []), COUNTRY: (1, [later.reference])}


def test_messages_and_parked_cases_are_listed_and_sent_on_in_the_territory_alone(
    ready: Run, people: People, the_case: Accepted
) -> None:
    rows("update cases set stage = 'parked', ready = false, machine = false")
    rows(
        "insert into case_failure (case_id, kind, stage, version, tries, error, traceback, at, parked) "
        "values (%s, 'registration', 'submitted', 1, 3, 'Boom', '', now(), true)",
        the_case.case_id,
    )
    rows(
        "insert into message (case_id, seq, template, channel, language, recipient, body, status, tries, due_at, "
        "fence, rank) values (%s, 1, 'x', 'sms', 'ar', '1', 'x', 'failed', 1, now(), 0, now())",
        the_case.case_id,
    )
    seen = {}
    for within in (THERE, HERE):
        in_shell(people[OPERATING, within])
        seen[within] = (
            len(ready("parked", "list", "--json").json["parked"]),
            len(ready("messages", "list", "--json").json["messages"]),
            ready("messages", "retry", "--status", "failed").code,
            ready("parked", "retry", "--error", "Boom").code,
        )

    assert seen == {THERE: (0, 0, 2, 2), HERE: (1, 1, 0, 0)}


def test_whoever_reads_is_shown_the_commands_that_they_may_give(
    ready: Run, people: People, reviewed: tuple[Accepted, Accepted]
) -> None:
    _, later = reviewed
    rows("update cases set region = %s, province = %s where id = %s", *HERE, later.case_id)

    def answers() -> list[str]:
        found: list[str] = ready("reviews", "show", later.reference, "--json").json["answers"]
        return found

    in_shell(people[CASEWORKER, HERE])
    assert answers()
    assert not any("--as" in each for each in answers())
    for nobody in (people[AUDITOR, COUNTRY], people[COMMISSION, HERE]):
        in_shell(nobody)
        assert answers() == []
    forget_token()
    assert answers() == []


def test_an_appeal_is_examined_by_accounts_in_the_roles_that_they_have(
    ready: Run, waiting: Accepted, people: People
) -> None:
    def does(who: Person, *arguments: str) -> Ran:
        in_shell(who)
        return ready("appeals", arguments[0], waiting.reference, *arguments[1:])

    rows("update cases set region = %s, province = %s", *HERE)
    assert does(people[AUDITOR, COUNTRY], "show", "--json").json["answers"] == []
    clerk, boss = people[CASEWORKER, HERE], people[SUPERVISOR, HERE]
    elsewhere = people[CASEWORKER, THERE]
    assert does(clerk, "assign").code == 0
    shown = does(clerk, "show", "--json").json
    assert shown["holder"] == clerk.name
    assert any(" ask " in each and "--as" not in each and "--role" not in each for each in shown["answers"])
    other = a_person("another caseworker", CASEWORKER, within=HERE)
    assert "It is not yours" in does(other, "ask", "--for", "bill").err
    refused = does(boss, "assign", "--to", elsewhere.name)
    assert (refused.code, "is no caseworker and no supervisor for this case" in refused.err) == (2, True), refused
    assert "There is no account 'nobody'" in does(boss, "assign", "--to", "nobody").err
    assert does(boss, "assign", "--to", other.name.upper()).code == 0
    assert does(other, "show", "--json").json["holder"] == other.name
    finding = ("--reject", "decision=nothing_shows_it")
    assert does(other, "propose", *finding).code == 0
    assert "your own work" in does(other, "agree").err
    assert does(people[COMMISSION, HERE], "agree").code == 2  # decides where the appeal is before the commission
    assert "Your account is" in does(clerk, "agree", "--role", "supervisor").err
    assert does(clerk, "agree").code == 0


def test_the_second_member_of_the_commission_is_another_one_of_the_place(
    ready: Run, waiting: Accepted, people: People
) -> None:
    def does(who: Person, *arguments: str) -> Ran:
        in_shell(who)
        return ready("appeals", arguments[0], waiting.reference, *arguments[1:])

    rows("update cases set region = %s, province = %s", *HERE)
    boss, member, other = people[SUPERVISOR, HERE], people[COMMISSION, HERE], people[COMMISSION, COUNTRY]
    assert [does(boss, each).code for each in ("assign", "escalate")] == [0, 0]
    assert does(member, "propose", "--reject", "decision=nothing_shows_it").code == 0
    assert "your own work" in does(member, "agree").err
    assert "belongs to another office" in does(people[COMMISSION, THERE], "agree").err
    assert does(boss, "agree").code == 2  # is no member
    assert does(other, "agree").code == 0


def test_who_proposed_a_refusal_may_change_its_reason_and_another_agrees(
    ready: Run, reviewed: tuple[Accepted, Accepted], people: People
) -> None:
    _, later = reviewed
    rows("update cases set region = %s, province = %s where id = %s", *HERE, later.case_id)
    first, second = people[CASEWORKER, HERE], people[SUPERVISOR, HERE]

    def refuses(who: Person, *why: str) -> Ran:
        in_shell(who)
        return ready("decide", later.reference, "refuse", "--reason", *why, "--json")

    assert refuses(first, "duplicate_application").json["event"] == "RefusalProposed"
    heard(later)
    assert "you proposed it" in refuses(first, "duplicate_application").err
    values = ("false_declaration", "--about", "bills.telecom")
    assert refuses(first, *values).json["event"] == "RefusalProposed"
    heard(later)
    in_shell(first)
    answers = ready("reviews", "show", later.reference, "--json").json["answers"]
    assert any(" refuse --reason duplicate_application" in each for each in answers)
    assert refuses(second, *values).json["event"] == "ApplicationRefused"


def test_an_account_sees_the_secret_of_a_receipt_once(
    ready: Run, people: People, notified: list[Accepted], tmp_path: Path
) -> None:
    rows("update cases set region = %s, province = %s", *HERE)
    appeal = tmp_path / "appeal.json"
    contested = [{"path": "bills.telecom", "should_be": "49.50"}]
    appeal.write_text(json.dumps({"decision": "index", "grounds": ["value_wrong"], "contested": contested}))
    in_shell(people[CASEWORKER, HERE])
    first, second = (ready("appeals", "lodge", notified[0].reference, appeal, "--json") for _ in range(2))

    assert (first.code, second.code) == (0, 0)
    assert first.json["secret"] in first.out
    assert second.json == {"reference": first.json["reference"], "repeated": True}
    assert first.json["secret"] not in second.out
    forget_token()
    assert ready("appeals", "lodge", notified[0].reference, appeal, "--json").code == 0
