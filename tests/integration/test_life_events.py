"""Life events: each changes an entry and is written beside it; partners read them in one order."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest

from models import clock
from models.database import snapshot, transaction
from models.errors import NotFound, Refused
from models.person_event import EVENTS
from sijil.commands.life_events import has_own
from tests.asking import BRAHIM, SALMA, Asker, a_partner, enrolled, error
from tests.conftest import forget_settings
from tests.enrolling import ALWAYS, register_elsewhere
from tests.factories import an_idcs, born
from tests.filing import rows, value
from tests.integration.running import Run
from workflows.audit.sealing import seal_all, seal_for
from workflows.audit.seals import seal_hash
from workflows.engine.hashes import GENESIS, commitment_to
from workflows.heard.effects import KINDS
from workflows.population import life
from workflows.population.checking import breaks
from workflows.population.feed import FEED, FIELDS, LABEL, line
from workflows.population.life import Told
from workflows.population.policies import FIELDS as ASKABLE
from workflows.population.policies import POLICIES, Policy

SEALED = (
    f"select s.position, s.hash, {FIELDS} from person_event_seal s join person_event e on e.id = s.entry_id order by 1"
)
YOUNG = SALMA | {
    "idcs": an_idcs(77),
    "given_name_la": "Rim",
    "given_name_ar": "ريم",
    "birth_date": born(12),
    "cin": None,
}
NEW_NAME = {"family_name_ar": "الفاسي", "family_name_la": "Fassi"}


@pytest.fixture
def people(database: str) -> None:
    """The register knows two people and a child."""
    enrolled(SALMA, BRAHIM | {"status": "alive"}, YOUNG)


def told(on: date | None = None) -> Told:
    """Now, by an officer."""
    return Told(clock.now(), "officer:0123456789abcdef", on)


def happens(act: Any, *given: Any, **named: Any) -> int:
    """Records an event in a transaction of its own."""
    with transaction() as connection:
        return int(act(connection, *given, **named))


def sealed() -> list[int]:
    """The numbers of the events in the order of their positions; every position and hash is as it should be."""
    before, found = GENESIS, rows(SEALED)
    for place, (position, hashed, *row) in enumerate(found, 1):
        assert (position, hashed) == (place, seal_hash(before, place, line(row), LABEL))
        before = hashed
    return [row[2] for row in found]


def person(idcs: str) -> dict[str, Any]:
    with transaction() as connection:
        return life.lock(connection, idcs)


def test_an_event_changes_the_entry_and_keeps_what_stood_there_before(people: None) -> None:
    happens(life.die, BRAHIM["idcs"], told(date(2026, 11, 1)))
    happens(life.change, SALMA["idcs"], told(), NEW_NAME, renamed=True)
    happens(life.change, SALMA["idcs"], told(), {"birth_date": "1986-08-17", "sex": "female"})

    assert person(BRAHIM["idcs"])["status"] == "deceased"
    assert person(SALMA["idcs"])["family_name_la"] == "Fassi"
    with transaction() as connection:
        found = [(row[2], row[6], row[-1]) for row in life.history(connection, SALMA["idcs"])]
    assert all(before.pop("keys") for _, _, before in found)  # by which duplicates were searched
    assert found == [
        (
            "name_changed",
            ["family_name_ar", "family_name_la"],
            {"family_name_ar": "العلوي", "family_name_la": "Alaoui"},
        ),
        ("corrected", ["birth_date"], {"birth_date": "1986-08-16"}),
    ]
    for commitment, salt, values in rows(
        "select e.commitment, b.salt, b.values::text from person_event e join person_before b on b.event_id = e.id"
    ):
        assert commitment == commitment_to(salt, b"", values.encode())


def test_what_cannot_be_is_refused_and_changes_nothing(people: None) -> None:
    happens(life.die, BRAHIM["idcs"], told())
    before = rows("select * from person order by id")
    for code, act, *given in (
        ("deceased_already", life.die, BRAHIM["idcs"], told()),
        ("event_in_future", life.die, SALMA["idcs"], told(date(2999, 1, 1))),
        ("nothing_changes", life.change, SALMA["idcs"], told(), {"given_name_la": "Salma"}),
        ("same_person", life.merge, SALMA["idcs"], SALMA["idcs"], told()),
        ("same_person", life.wed, SALMA["idcs"], SALMA["idcs"], told()),
        ("event_in_future", life.wed, SALMA["idcs"], BRAHIM["idcs"], told(date(2999, 1, 1))),
        ("event_in_future", life.change_guardian, SALMA["idcs"], BRAHIM["idcs"], told(date(2999, 1, 1))),
        ("not_merged", life.undo_merge, SALMA["idcs"], told()),
        ("event_before_birth", life.die, SALMA["idcs"], told(date(1950, 1, 1))),
        ("event_before_birth", life.wed, SALMA["idcs"], BRAHIM["idcs"], told(date(1950, 1, 1))),
        ("event_before_birth", life.change_guardian, SALMA["idcs"], BRAHIM["idcs"], told(date(1901, 1, 1))),
        ("half_a_name", life.change, SALMA["idcs"], told(), {"given_name_ar": None, "given_name_la": None}),
        ("deceased", life.change_guardian, SALMA["idcs"], BRAHIM["idcs"], told(date(2026, 1, 1))),
        ("deceased", life.change_guardian, BRAHIM["idcs"], SALMA["idcs"], told()),
        ("guardian_not_of_age", life.change_guardian, SALMA["idcs"], YOUNG["idcs"], told()),
        ("deceased", life.wed, SALMA["idcs"], BRAHIM["idcs"], told()),
    ):
        with pytest.raises(Refused) as refused:
            happens(act, *given)
        assert refused.value.code == code
    with pytest.raises(Refused, match="names alone"):
        happens(life.change, SALMA["idcs"], told(), {"birth_date": "1986-08-17"}, renamed=True)
    with pytest.raises(NotFound):
        happens(life.die, "2345678906", told())
    assert rows("select * from person order by id") == before
    assert value("select count(*) from person_event") == 1


@pytest.mark.parametrize("act", [life.change_guardian, life.wed])
def test_nobody_marries_or_guards_themselves_by_another_entry_nor_who_is_dead_by_another_entry(
    people: None, act: Any
) -> None:
    again = SALMA | {"idcs": an_idcs(78), "cin": None}
    enrolled(again)
    happens(life.merge, again["idcs"], SALMA["idcs"], told())
    with pytest.raises(Refused) as refused:
        happens(act, SALMA["idcs"], again["idcs"], told())
    assert refused.value.code == "same_person"
    happens(life.die, again["idcs"], told())
    with pytest.raises(Refused) as refused:
        happens(act, BRAHIM["idcs"], SALMA["idcs"], told())
    assert refused.value.code == "deceased"


def test_a_merge_keeps_both_entries_and_can_be_taken_back(people: None) -> None:
    before = rows("select * from person order by id")
    happens(life.merge, BRAHIM["idcs"], SALMA["idcs"], told())
    assert rows("select * from person order by id") == before
    for again in ((BRAHIM["idcs"], SALMA["idcs"]), (SALMA["idcs"], BRAHIM["idcs"])):
        with pytest.raises(Refused) as refused:
            happens(life.merge, *again, told())
        assert refused.value.code == "merged_already"

    happens(life.undo_merge, BRAHIM["idcs"], told())

    assert rows("select * from person order by id") == before
    assert value("select count(*) from person_merge") == 0
    assert [each for (each,) in rows("select kind from person_event order by id")] == ["merged", "merge_undone"]
    happens(life.merge, SALMA["idcs"], BRAHIM["idcs"], told())


def test_two_merges_at_once_of_the_same_two_leave_one(people: None) -> None:
    def merge(idcs: str, kept: str) -> str:
        try:
            return str(happens(life.merge, idcs, kept, told()))
        except Refused as refused:
            return refused.code

    pairs = [(SALMA["idcs"], BRAHIM["idcs"]), (BRAHIM["idcs"], SALMA["idcs"])] * 4
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda pair: merge(*pair), pairs))
    assert found.count("merged_already") == 7
    assert value("select count(*) from person_merge") == 1


def test_events_are_never_changed_or_deleted(people: None) -> None:
    happens(life.die, BRAHIM["idcs"], told())
    seal_all(FEED)
    for statement in (
        "update person_event set kind = 'birth'",
        "delete from person_event",
        "delete from person_event_seal",
    ):
        with pytest.raises(psycopg.errors.RaiseException):
            rows(statement)


def test_positions_come_after_the_commit_so_that_a_late_one_is_missed_by_nobody(people: None) -> None:
    """The trap: an event numbered first and committed last lies behind a cursor that has passed it."""
    with transaction() as late:
        first = life.die(late, BRAHIM["idcs"], told())
        second = happens(life.change, SALMA["idcs"], told(), NEW_NAME, renamed=True)
        assert first < second
        assert seal_for(1, FEED) == 0
        assert sealed() == []
    assert seal_for(1, FEED) == 2
    assert sealed() == [first, second]


def test_an_event_that_was_rolled_back_leaves_no_gap(people: None) -> None:
    with transaction() as connection:
        life.die(connection, BRAHIM["idcs"], told())
        connection.rollback()
    number = happens(life.change, SALMA["idcs"], told(), NEW_NAME, renamed=True)
    seal_all(FEED)
    assert sealed() == [number]


def test_what_somebody_changes_in_the_feed_is_found(people: None) -> None:
    for day in (1, 2, 3):
        happens(life.change, SALMA["idcs"], told(), {"birth_date": f"1986-01-0{day}"})
    seal_all(FEED)
    assert list(breaks(snapshot)) == []
    for statement, said in (
        ("update person_event set idcs = '9043320513' where id = 2", "position 2: event 2 was changed"),
        (
            """update person_before set values = '{"birth_date": "1"}' where event_id = 1""",
            "before event 1 was changed",
        ),
        ("delete from person_event where id = 3", "position 3: its event 3 is gone"),
        ("delete from person_event_seal where position = 1", "position 1: is missing before 2"),
    ):
        tamper(statement)
        assert any(said in each for each in breaks(snapshot)), said


def tamper(statement: str) -> None:
    """What an administrator of the database can do."""
    for table in ("person_event", "person_event_seal"):
        rows(f"alter table {table} disable trigger user")
    rows(statement)


# The feed over HTTP ----------------------------------------------------------------------------------


@pytest.fixture
def social(register_served: str, people: None) -> Asker:
    return a_partner(register_served, "social-register", "social-register")


def test_a_partner_reads_events_behind_its_cursor_each_once_and_in_order(social: Asker) -> None:
    happens(life.die, BRAHIM["idcs"], told(date(2026, 11, 1)))
    happens(life.change, SALMA["idcs"], told(), NEW_NAME, renamed=True)
    happens(life.merge, BRAHIM["idcs"], SALMA["idcs"], told())
    seal_all(FEED)

    found, after = [], 0
    for _ in range(4):
        answer = social.events(after, limit=1).json()
        found += answer["events"]
        after = answer["next"]

    assert [(each["position"], each["kind"]) for each in found] == [(1, "death"), (2, "name_changed"), (3, "merged")]
    assert (after, answer["more"]) == (3, False)
    assert (found[0]["on"], found[0]["person"]["idcs"]) == ("2026-11-01", BRAHIM["idcs"])
    assert found[1]["fields"] == ["family_name_ar", "family_name_la"]
    assert (found[2]["person"]["idcs"], found[2]["other"]["idcs"]) == (BRAHIM["idcs"], SALMA["idcs"])
    assert not any(each in str(found) for each in ("Alaoui", "Fassi", "الفاسي", "1986"))
    noted = rows("select count from audit_entry where act = 'read_events' order by id")
    assert noted == [(1,), (1,), (2,)]


def test_a_partner_is_told_of_the_kinds_that_its_policy_names_and_by_its_tokens(social: Asker) -> None:
    bank = a_partner(social.url, "bank", Policy(fields=ASKABLE, events=("death",)))
    happens(life.change, SALMA["idcs"], told(), NEW_NAME, renamed=True)
    happens(life.die, BRAHIM["idcs"], told())
    seal_all(FEED)

    answer = bank.events().json()

    assert [each["kind"] for each in answer["events"]] == ["death"]
    assert answer["next"] == 2
    assert set(answer["events"][0]["person"]) == {"token"}
    assert BRAHIM["idcs"] not in str(answer)
    known = social.events().json()["events"][-1]["person"]["token"]
    assert answer["events"][0]["person"]["token"] != known


def test_every_kind_of_life_event_is_told_applied_and_documented(social: Asker) -> None:
    """The policy of the social register is stored: it must name kinds that come later, or its feed halts there."""
    assert set(KINDS) == set(EVENTS)
    for page in ("formats.md", "decisions/0063-what-a-life-event-does.md"):
        text = Path("docs", page).read_text(encoding="utf-8")
        assert [each for each in EVENTS if each not in text] == []
    assert value("select policy ->> 'events' from partner where name = 'social-register'") == "every"
    assert POLICIES["social-register"].tells("a_kind_of_later")
    assert not Policy(events=("death",)).tells("birth")


def test_the_feed_refuses_a_used_id_and_a_cursor_that_is_none(social: Asker) -> None:
    jti = "6f1f5a5e-7d2f-4a8b-9f56-0d6a3a1b2c3d"
    assert social.events(jti=jti).status_code == 200
    assert error(social.events(jti=jti)) == (409, "replayed", "id")
    assert error(social.events(jti="x")) == (422, "bad_id", "id")
    assert error(social.events(limit=0)) == (422, "bad_cursor", "")
    assert error(social.events(limit=1001)) == (422, "bad_cursor", "")
    assert error(social.events(after=-1)) == (422, "bad_cursor", "")


# By command ------------------------------------------------------------------------------------------


@pytest.fixture
def command(people: None, database: str, sijil: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`sijil population event ...` on the register's own database."""
    monkeypatch.setenv("SIJIL_POPULATION_DATABASE_URL", database)
    forget_settings()
    return lambda *given: sijil("population", "event", *given)


def test_an_officer_records_events_by_command(command: Run, tmp_path: Path) -> None:
    newborn = tmp_path / "newborn.json"
    newborn.write_text(
        '{"given_name_ar": "أمين", "family_name_ar": "العلوي", "given_name_la": "Amine", "family_name_la": "Alaoui", '
        '"birth_date": "2026-11-20", "birth_precision": "day", "sex": "male"}',
        encoding="utf-8",
    )
    for given in (
        ("death", BRAHIM["idcs"], "--on", "2026-11-01"),
        ("rename", SALMA["idcs"], "family_name_la=Fassi"),
        ("correct", SALMA["idcs"], "birth_date=1986-08-17"),
        ("marriage", BRAHIM["idcs"], "--to", SALMA["idcs"], "--on", "2020-05-01"),
        ("divorce", SALMA["idcs"], "--to", BRAHIM["idcs"], "--on", "2021-05-01"),
        ("guardian", YOUNG["idcs"], "--to", SALMA["idcs"]),
        ("merge", BRAHIM["idcs"], "--into", SALMA["idcs"]),
        ("undo-merge", BRAHIM["idcs"]),
        ("birth", newborn, "--parent", SALMA["idcs"]),
    ):
        ran = command(*given, "--as", "salma")
        assert ran.code == 0, (given, ran)
    assert [each for (each,) in rows("select kind from person_event order by id")] == [
        "death",
        "name_changed",
        "corrected",
        "marriage",
        "divorce",
        "guardian_changed",
        "merged",
        "merge_undone",
        "birth",
    ]
    assert value("select guardian from person where idcs = %s", YOUNG["idcs"]) == SALMA["idcs"]
    assert value("select count(*) from person p join person_event e using (idcs) where e.kind = 'birth'") == 1
    assert value("select count(*) from audit_entry where act = 'record_event'") == 9
    assert person(SALMA["idcs"])["birth_date"] == date(1986, 8, 17)

    # The same newborn once more, as the papers at another town hall have it: nobody gets a second identifier.
    ((first,),) = rows("select idcs from person_event where kind = 'birth'")
    newborn.write_text(newborn.read_text(encoding="utf-8").replace('"Amine"', '"Amin"'), encoding="utf-8")
    for others in ([], ["--another", SALMA["idcs"]]):
        again = command("birth", newborn, "--parent", SALMA["idcs"], *others, "--as", "salma")
        assert (again.code, first in again.err) == (2, True), again
    assert value("select count(*) from person_event where kind = 'birth'") == 1
    assert value("select count(*) from issued_identifier") == 4
    assert value("select count(*) from audit_entry where act = 'search_persons'") == 2
    assert command("birth", newborn, "--another", first, "--as", "salma").code == 0
    assert value("select count(*) from person_event where kind = 'birth'") == 2


def test_a_first_card_and_another_phone_come_into_an_entry_and_somebody_is_searched_by_them(command: Run) -> None:
    keys = value("select keys from person where idcs = %s", SALMA["idcs"])
    given = ("cin=zz765432", "phone=0612345678", "commune=Settat", "address=12 rue du Fleuve")
    ran = command("correct", SALMA["idcs"], *given, "--as", "salma")
    assert (ran.code, "the population register's own database" in ran.out) == (0, True), ran
    found = rows("select cin, phone, commune, address from person where idcs = %s", SALMA["idcs"])
    assert found == [("ZZ765432", "+212612345678", "Settat", "12 rue du Fleuve")]
    assert value("select keys from person where idcs = %s", SALMA["idcs"]) != keys
    assert value("select fields from person_event") == ["cin", "phone", "commune", "address"]


def test_a_command_says_what_is_wrong_and_changes_nothing(command: Run) -> None:
    for given, said in (
        (("death", "4127730917"), "one wrong digit"),
        (("death", SALMA["idcs"], "--on", "yesterday"), "is no day"),
        (("correct", SALMA["idcs"], "shoe_size=40"), "There is no field"),
        (("correct", SALMA["idcs"], "birth_date=2999-01-01"), "must not lie in the future"),
        (("correct", SALMA["idcs"], "given_name_la=Σalma"), "no other script is read"),
        (("rename", SALMA["idcs"], "birth_date=1986-08-17"), "names alone"),
        (("correct", SALMA["idcs"], "cin=12"), "one or two letters"),
        (("correct", SALMA["idcs"], "phone=12"), "phone number"),
        (("rename", SALMA["idcs"], "given_name_la=Rim", "given_name_la=Rima"), "given twice"),
        (("rename", SALMA["idcs"], "given_name_la"), "no FIELD=VALUE"),
    ):
        ran = command(*given, "--as", "salma")
        assert (ran.code, said.lower() in ran.err.lower()) == (2, True), ran
    assert value("select count(*) from person_event") == 0


@pytest.mark.parametrize("field", ["idcs", "status"])
def test_a_birth_takes_neither_identifier_nor_status_from_its_file(command: Run, tmp_path: Path, field: str) -> None:
    file = tmp_path / "newborn.json"
    file.write_text(json.dumps({key: YOUNG.get(key) for key in (*ALWAYS, "birth_precision", field)}), encoding="utf-8")
    ran = command("birth", file, "--as", "salma")
    assert (ran.code, f"{field}: Must be left out" in ran.err) == (2, True), ran
    assert value("select count(*) from person_event") == 0


def test_of_a_birth_whose_year_alone_is_known_the_entry_keeps_no_day(people: None) -> None:
    happens(life.change, SALMA["idcs"], told(), {"birth_precision": "year"})
    assert person(SALMA["idcs"])["birth_date"] == date(1986, 1, 1)
    rows("update person set birth_date = '1986-08-16' where idcs = %s", SALMA["idcs"])  # as a file gave it
    happens(life.change, SALMA["idcs"], told(), {"phone": "+212612345678"})
    assert value("select fields from person_event order by id desc limit 1") == ["phone"]
    happens(life.change, SALMA["idcs"], told(), {"birth_precision": "day", "birth_date": "1986-08-16"})
    assert person(SALMA["idcs"])["birth_date"] == date(1986, 8, 16)


# Which register ---------------------------------------------------------------------------------------


@pytest.fixture
def left_behind(people: None, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a register of its own, as a demo leaves it, in the home of a register that is our table."""
    data = tmp_path / "population" / "postgres" / "data"
    data.mkdir(parents=True)
    monkeypatch.setenv("SIJIL_HOME", str(tmp_path))
    monkeypatch.setenv("SIJIL_DATABASE_URL", database)
    forget_settings()
    return data


def test_a_register_that_an_earlier_demo_left_is_told_of_nothing(left_behind: Path, sijil: Run) -> None:
    ran = sijil("population", "event", "death", SALMA["idcs"], "--as", "salma")
    assert (ran.code, "the population register of this database" in ran.out) == (0, True), ran
    assert person(SALMA["idcs"])["status"] == "deceased"
    assert not has_own()


def test_the_register_of_its_own_is_told_where_it_is_ours_or_alone(
    left_behind: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    register_elsewhere(monkeypatch)
    assert has_own()
    for each in ("SIJIL_POPULATION_URL", "SIJIL_POPULATION_PARTNER", "SIJIL_POPULATION_KEY", "SIJIL_DATABASE_URL"):
        monkeypatch.delenv(each)
    forget_settings()
    assert has_own(), "there is no other one here"


def test_where_the_register_is_on_another_machine_no_event_is_recorded_here(
    people: None, sijil: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    register_elsewhere(monkeypatch)
    ran = sijil("population", "event", "death", SALMA["idcs"], "--as", "salma")
    assert (ran.code, "on another machine" in ran.err) == (2, True), ran
    assert person(SALMA["idcs"])["status"] == "alive"
