"""Accounts of the staff over the real database: roles, passwords, codes, waits, sessions, and the shell's own one."""

import io
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
import pyotp
import pytest

from models import clock
from models.database import transaction
from models.errors import NotFound, Refused
from models.staff import DECIDING
from tests.filing import file_clean, rows, value
from tests.integration.running import Ran, Run
from tests.staffing import APP_SECRET, PASSWORD, Person, a_person, code_now, in_shell
from workflows.staff import accounts, sessions, sign_in, throttle
from workflows.staff.accounts import GIVEN_FOR, Account
from workflows.staff.roles import Grant, Territory
from workflows.staff.second_factor import enrol_app, step_of, use_code
from workflows.staff.sessions import IDLE, LONGEST, NOTED, SIGNING_IN
from workflows.staff.sign_in import Attempt
from workflows.staff.signatures import OFFICER, OWNER_NAME, names_of, pseudonym, sign

pytestmark = pytest.mark.usefixtures("database")
HOME = Attempt("Amina", "shell of amina on a-host")


def code_of(work: Callable[[], object]) -> str:
    """The code of the refusal with which this ends."""
    with pytest.raises(Refused) as refused:
        work()
    return refused.value.code


def account_of(name: str) -> Account:
    with transaction() as connection:
        return accounts.find_account(connection, name)


# Accounts and roles --------------------------------------------------------------------------------


def test_roles_that_exclude_each_other_are_refused_whether_given_at_once_or_later() -> None:
    def add(name: str, *roles: str) -> None:
        with transaction() as connection:
            accounts.add(connection, name, [Grant(each) for each in roles], clock.now(), ("idp", name))

    assert code_of(lambda: add("Amina", "auditor", "operator")) == "roles_exclude"
    assert value("select count(*) from staff_account") == 0
    add("Amina", "administrator")
    with transaction() as connection:
        account = accounts.find_account(connection, "Amina")
        give = [Grant("caseworker", Territory(6))]
        assert code_of(lambda: accounts.change_roles(connection, account.id, clock.now(), give=give)) == "roles_exclude"
        changed = accounts.change_roles(
            connection, account.id, clock.now(), give=[Grant("auditor")], take=[Grant("administrator")]
        )
    assert changed == (Grant("auditor"),)


@pytest.mark.parametrize(
    ("first", "second"),
    [("auditor", "operator"), ("caseworker", "auditor"), *(("administrator", each) for each in DECIDING)],
)
def test_the_database_refuses_them_too_where_the_rule_is_passed_by(first: str, second: str) -> None:
    person = a_person("Amina", first)
    with pytest.raises(psycopg.errors.ExclusionViolation):
        rows("insert into staff_role (account_id, role, region) values (%s, %s, 6)", person.account, second)
    rows("insert into staff_role (account_id, role, region) values (%s, %s, 6)", person.account, first)


def test_a_name_under_another_spelling_is_the_same_account() -> None:
    made = a_person("Amina Alaoui", "caseworker")

    assert code_of(lambda: a_person("  AMINA   alaoui")) == "name_taken"
    assert account_of("ａmina alaoui").id == made.account
    assert code_of(lambda: a_person(OWNER_NAME.upper())) == "name_taken"
    with pytest.raises(NotFound, match="sijil staff list"):
        account_of("Amina Alaouy")


def test_a_person_of_the_provider_has_one_account_and_no_password() -> None:
    def add(name: str) -> Account:
        with transaction() as connection:
            return accounts.add(connection, name, [], clock.now(), ("https://idp", "7"))[0]

    made = add("Amina")
    assert code_of(lambda: add("Brahim")) == "name_taken"
    with transaction() as connection:
        assert code_of(lambda: accounts.reset(connection, made, clock.now())) == "of_provider"
    assert code_of(lambda: sign_in.sign_in(HOME, PASSWORD, clock.now())) == "wrong_sign_in"


def test_where_there_are_accounts_only_they_and_the_owner_sign() -> None:
    def signed(name: str) -> str:
        with transaction() as connection:
            return sign(connection, OFFICER, name)

    assert signed("anybody") == pseudonym(OFFICER, "anybody")
    person = a_person("Amina", "caseworker")
    assert signed("AMINA ") == pseudonym(OFFICER, "Amina")
    assert signed(OWNER_NAME) == pseudonym(OFFICER, OWNER_NAME)
    assert code_of(lambda: signed("anybody")) == code_of(lambda: signed("Amina B")) == "no_account"
    with transaction() as connection:
        accounts.lock(connection, accounts.find_account(connection, person.name), clock.now())
    assert code_of(lambda: signed("Amina")) == "no_account"
    with transaction() as connection:
        known = names_of(connection, [pseudonym(OFFICER, each) for each in ("anybody", "Amina", OWNER_NAME, "Amina B")])
    assert sorted(known.values()) == ["AMINA", "anybody", OWNER_NAME]


# Codes ---------------------------------------------------------------------------------------------


def test_a_code_of_the_app_lets_in_once_and_no_older_one_after_it() -> None:
    person = a_person("Amina")
    app, now = account_of("Amina").app or b"", clock.now()

    def used(code: str) -> bool:
        with transaction() as connection:
            return use_code(connection, person.account, app, code, now)

    codes = {off: pyotp.TOTP(APP_SECRET).at(now + timedelta(seconds=30 * off)) for off in (-2, -1, 0, 1, 2)}
    assert [used(codes[off]) for off in (-2, 0, 0, -1, 1, 1, 2)] == [False, True, False, False, True, False, False]


def test_a_code_for_recovery_lets_in_once() -> None:
    person, other = a_person("Amina"), a_person("Brahim")
    now, set_up_with = clock.now(), code_now()
    with transaction() as connection:
        step = step_of(APP_SECRET, set_up_with, now) or 0
        codes = enrol_app(connection, person.account, APP_SECRET, step)
    sealed = {name: account_of(name).app or b"" for name in ("Amina", "Brahim")}

    def used(whose: Person, code: str) -> bool:
        with transaction() as connection:
            return use_code(connection, whose.account, sealed[whose.name], code, now)

    assert len(set(codes)) == 8
    assert not used(other, codes[0])
    assert not used(person, set_up_with)
    assert [used(person, f" {codes[0].lower()} ") for _ in range(2)] == [True, False]
    assert used(person, codes[1].replace("-", ""))
    assert not used(person, "")
    assert value("select cardinality(recovery) from staff_account where id = %s", person.account) == 6


# Waits ---------------------------------------------------------------------------------------------


def tried(now: datetime, attempt: Attempt = HOME) -> bool:
    """Whether a try was let through, and counted."""
    try:
        with transaction() as connection:
            throttle.count_try(connection, throttle.counters(*attempt), now)
    except Refused:
        return False
    return True


def wait_of_account(now: datetime) -> float:
    """For how many seconds the account has to wait."""
    key = throttle.counters(*HOME)[0].key
    free_at: datetime = value("select free_at from sign_in_wait where key = %s", key)
    return (free_at - now).total_seconds()


def test_waits_double_up_to_a_quarter_of_an_hour_and_end() -> None:
    now, waits = clock.now(), []
    for _ in range(15):
        assert tried(now)
        waits.append(wait_of_account(now))
        assert waits[-1] == 0 or not tried(now + timedelta(seconds=waits[-1] - 1))
        now += timedelta(seconds=waits[-1])

    assert waits == [0, 0, 0, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]
    now += throttle.FORGOTTEN
    assert [tried(now) for _ in range(5)] == [True, True, True, True, False]


def test_who_knows_the_password_and_has_the_code_waits_for_what_strangers_did_and_no_longer() -> None:
    a_person("Amina")
    now = clock.now()
    for _ in range(20):  # a stranger, until the wait is longer than a sign-in may take
        assert tried(now)
        now += timedelta(seconds=wait_of_account(now))
    app, wrong = pyotp.TOTP(APP_SECRET), pyotp.TOTP("A" * 32).at(now)

    def signs_in(code: str, at: datetime) -> sign_in.SignedIn:
        begun = sign_in.sign_in(HOME, PASSWORD, at)
        with transaction() as connection:
            session = sessions.session_of(connection, begun.token, at)
        assert session
        return sign_in.give_code(session, begun.token, HOME, code, at)

    assert code_of(lambda: signs_in(wrong, now)) == "wrong_code"
    assert wait_of_account(now) == 900  # a wrong code counts as ever
    assert code_of(lambda: signs_in(app.at(now), now)) == "must_wait"
    now += timedelta(seconds=900)
    assert signs_in(app.at(now), now).owed is None
    assert [tried(now) for _ in range(5)] == [True, True, True, True, False]


def test_an_office_of_many_people_signs_in_from_one_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sign_in, "is_right", lambda *_: True)  # each would take its time
    now = clock.now()
    for number in range(40):
        name = f"Clerk {number}"
        a_person(name, app=False)
        rows("update staff_account set password_until = %s where name = %s", now + GIVEN_FOR, name)
        assert sign_in.sign_in(HOME._replace(name=name), PASSWORD, now).owed == sign_in.PASSWORD


def test_many_tries_at_one_moment_count_as_many() -> None:
    now = clock.now()
    with ThreadPoolExecutor(2) as both:
        let_through = sum(both.map(lambda _: tried(now), range(24)))

    assert let_through == 4  # three that cost nothing, and the one whose wait begins
    assert value("select max(failures) from sign_in_wait") == 4


def test_a_stranger_who_guesses_keeps_no_known_device_waiting_and_one_address_not_another() -> None:
    now, device = clock.now(), HOME._replace(address="home", device="0123")
    guesses = [Attempt("Amina", f"address {number}") for number in range(40)]
    assert [tried(now, each) for each in guesses] == [True] * 4 + [False] * 36
    assert tried(now, device)
    assert tried(now, HOME._replace(name="Brahim"))

    names = [tried(now, Attempt(f"name {number}", "one address")) for number in range(40)]
    assert names == [True] * 31 + [False] * 9


def test_a_sign_in_forgets_the_failures_of_its_account_and_not_those_of_its_address() -> None:
    person = a_person("Amina", app=False)
    rows("update staff_account set password = null where id = %s", person.account)
    for _ in range(3):
        assert tried(clock.now())
    with transaction() as connection:
        throttle.forget(connection, throttle.counters(*HOME))
    assert value("select sum(failures) from sign_in_wait") == 3


# Sessions ------------------------------------------------------------------------------------------


def lasts(token: str, at: datetime) -> bool:
    with transaction() as connection:
        return sessions.session_of(connection, token, at) is not None


@pytest.fixture
def begun() -> tuple[str, datetime]:
    """A session of Amina's, and when it began."""
    person, now = a_person("Amina", "caseworker"), clock.now()
    with transaction() as connection:
        return sessions.begin(connection, person.account, now), now


def test_a_session_ends_when_it_is_not_used(begun: tuple[str, datetime]) -> None:
    token, now = begun
    assert not lasts(token, now + IDLE)
    assert lasts(token, now + IDLE - timedelta(seconds=1))
    assert lasts(token, now + 2 * IDLE - timedelta(seconds=2))
    assert not lasts(token, now + 3 * IDLE)


def test_a_session_ends_after_a_days_work_however_much_it_is_used(begun: tuple[str, datetime]) -> None:
    token, now = begun
    at = now
    while at < now + LONGEST:
        assert lasts(token, at)
        at += IDLE / 2
    assert not lasts(token, now + LONGEST)
    assert lasts(token, now + LONGEST - NOTED)


def test_a_session_that_is_not_complete_ends_within_minutes() -> None:
    person, now = a_person("Amina"), clock.now()
    with transaction() as connection:
        token = sessions.begin(connection, person.account, now, sign_in.CODE)
    assert lasts(token, now + SIGNING_IN - timedelta(seconds=1))
    assert not lasts(token, now + SIGNING_IN)


@pytest.mark.parametrize("change", ["lock", "give", "take", "reset", "end"])
def test_a_session_ends_at_once_with_its_account(begun: tuple[str, datetime], change: str) -> None:
    token, now = begun
    with transaction() as connection:
        account = accounts.find_account(connection, "Amina")
        changes: dict[str, Callable[[], object]] = {
            "lock": lambda: accounts.lock(connection, account, now),
            "give": lambda: accounts.change_roles(connection, account.id, now, give=[Grant("operator")]),
            "take": lambda: accounts.change_roles(connection, account.id, now, take=[Grant("caseworker")]),
            "reset": lambda: accounts.reset(connection, account, now),
            "end": lambda: sessions.end(connection, token, now),
        }
        changes[change]()
    assert not lasts(token, now)


def test_only_the_digest_of_a_token_is_kept(begun: tuple[str, datetime]) -> None:
    token, now = begun
    assert token not in str(rows("select * from staff_session"))
    assert not lasts(token + "x", now)
    assert not lasts("", now)


# The shell -----------------------------------------------------------------------------------------


@pytest.fixture
def typed(ready: Run, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    """Runs a command that is given lines on standard input."""
    monkeypatch.setattr(os, "isatty", lambda _: False)

    def run(*arguments: str, lines: tuple[str, ...]) -> Ran:
        monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
        return ready(*arguments)

    return run


def test_a_shell_signs_in_acts_and_signs_out(typed: Callable[..., Ran], ready: Run, tmp_path: Path) -> None:
    person = a_person("Amina", "operator")
    assert typed("staff", "sign-in", "AMINA", lines=(PASSWORD, "000000")).code == 2
    assert not (tmp_path / "session").exists()
    signed_in = typed("staff", "sign-in", "AMINA", "--json", lines=(PASSWORD, code_now()))
    assert (signed_in.code, signed_in.json) == (0, {"name": "Amina", "roles": ["operator"]})

    assert (tmp_path / "session").stat().st_mode & 0o777 == 0o600
    assert ready("queues", "pause", "fraud").code == 0
    assert value("select actor from paused_queue") == pseudonym("operator", person.name)
    assert ready("staff", "sign-out", "--json").json == {"ended": True}
    assert ready("staff", "sign-out", "--json").json == {"ended": False}
    assert not (tmp_path / "session").exists()
    assert value("select count(*) from staff_session where ended_at is null and owes is null") == 0


def test_the_first_sign_in_takes_a_password_of_ones_own_and_an_app(
    typed: Callable[..., Ran], ready: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sijil.signing_in.new_app_secret", lambda: APP_SECRET)
    made = ready("staff", "add", "Amina", "--role", "caseworker", "--province", "ma-cas", "--json").json
    assert made["roles"] == [{"role": "caseworker", "region": 6, "province": "MA-CAS"}]

    again = typed("staff", "sign-in", "Amina", lines=(made["password"], made["password"]))
    assert (again.code, "Choose another password" in again.err) == (2, True), again
    used = code_now()  # half a minute may end before it is typed again
    first = typed("staff", "sign-in", "Amina", lines=(made["password"], "a word or two of mine", used))
    assert first.code == 0, first
    codes = [line.strip() for line in first.out.splitlines() if line.startswith("  ")]
    assert len(codes) == 8
    for handed_on, code in ((made["password"], code_now(-1)), ("a word or two of mine", used)):
        assert typed("staff", "sign-in", "Amina", lines=(handed_on, code)).code == 2  # old, and used before
    lost = typed("staff", "sign-in", "Amina", lines=("a word or two of mine", codes[0]))
    assert (lost.code, lost.out.strip()) == (0, "Amina: caseworker (MA-CAS)"), lost


def test_nobody_signs_in_to_a_locked_account_or_by_a_password_that_was_handed_on_too_long_ago() -> None:
    person = a_person("Amina")
    rows("update staff_account set password_until = %s where id = %s", clock.now() + GIVEN_FOR, person.account)
    assert sign_in.sign_in(HOME, PASSWORD, clock.now()).owed == sign_in.CODE
    rows("update staff_account set password_until = %s where id = %s", clock.now(), person.account)
    assert code_of(lambda: sign_in.sign_in(HOME, PASSWORD, clock.now())) == "wrong_sign_in"
    rows("update staff_account set password_until = null, locked_at = now() where id = %s", person.account)
    assert code_of(lambda: sign_in.sign_in(HOME, PASSWORD, clock.now())) == "wrong_sign_in"


def test_a_session_that_is_not_complete_does_nothing(ready: Run) -> None:
    person = a_person("Amina", "operator")
    in_shell(person)
    rows("update staff_session set owes = 'code'")
    refused = ready("queues")
    assert (refused.code, "The session of this shell has ended" in refused.err) == (2, True), refused


def test_a_session_file_that_others_can_read_is_not_used(ready: Run, tmp_path: Path) -> None:
    in_shell(a_person("Amina", "operator"))
    assert ready("queues").code == 0
    (tmp_path / "session").chmod(0o640)
    refused = ready("queues")
    assert (refused.code, "Others can read" in refused.err) == (2, True), refused


def test_a_session_that_ended_does_not_make_the_shell_the_owners(ready: Run) -> None:
    person = a_person("Amina", "operator")
    in_shell(person)
    with transaction() as connection:
        sessions.end_all(connection, person.account, clock.now())
    refused = ready("queues")
    assert (refused.code, "Sign in again" in refused.err) == (2, True), refused


def test_an_administrator_keeps_the_accounts_of_their_territory_but_not_their_own(ready: Run) -> None:
    here, there = Territory(6, "MA-CAS"), Territory(7, "MA-MAR")
    a_person("Clerk", "caseworker", within=here)
    a_person("Stranger", "caseworker", within=there)
    in_shell(a_person("Admin", "administrator", within=here))

    assert ready("staff", "lock", "Clerk").code == 0
    assert ready("staff", "lock", "Clerk", "--unlock").code == 0
    assert ready("staff", "role", "Clerk", "--give", "supervisor", "--province", "MA-CAS").code == 0
    for refused in (
        ready("staff", "lock", "Stranger"),
        ready("staff", "reset", "Stranger"),
        ready("staff", "role", "Clerk", "--give", "operator"),
        ready("staff", "role", "Clerk", "--give", "operator", "--region", "6"),
        ready("staff", "role", "Stranger", "--take", "caseworker", "--province", "MA-MAR"),
        ready("staff", "add", "Boss", "--role", "administrator"),
    ):
        assert (refused.code, "belongs to another office" in refused.err) == (2, True), refused
    own = ready("staff", "role", "Admin", "--give", "operator", "--province", "MA-CAS")
    assert (own.code, "your own account" in own.err) == (2, True), own
    assert value("select count(*) from staff_account") == 3


def test_who_tries_in_a_shell_what_they_have_no_right_to_stands_in_the_audit(ready: Run) -> None:
    person = a_person("Amina", "caseworker", within=Territory(6))
    (taken,) = file_clean(1)
    rows("update cases set region = 7, province = null")
    in_shell(person)
    assert ready("reviews", "show", taken.reference).code == 2
    assert ready("audit", "search").code == 2
    tried = "select account_id, case_ids, detail from audit_entry where act = 'act_refused' order by id"
    assert rows(tried) == [
        (person.account, [taken.case_id], {"act": "read_case", "why": "another_territory"}),
        (person.account, [], {"act": "read_audit", "why": "another_role"}),
    ]


@pytest.mark.parametrize("which", ["reviews", "appeals"])
def test_whoever_lists_cases_in_a_shell_stands_in_the_audit(ready: Run, which: str) -> None:
    person = a_person("Amina", "caseworker")
    in_shell(person)
    assert ready(which, "list").code == 0
    noted = "select account_id, role, detail from audit_entry where act = 'read_queue'"
    assert rows(noted) == [(person.account, "caseworker", {"list": which})]
