"""The population register elsewhere, over a real socket: what it answers, and each way in which it does not."""

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from threading import Barrier, Semaphore
from typing import Any, NamedTuple

import pytest
import structlog
from structlog.testing import capture_logs

from models import clock
from models.errors import RegisterAway, Unavailable
from tasks.registers import caller, population, shared
from tasks.registers.caller import TRIES
from tasks.registers.line import LONGEST_ANSWER
from tasks.registers.population import LARGEST, RemoteRegister, read_key
from tasks.registers.shared import LONGEST_WAIT, OPENS_AFTER, PAUSE
from tests.filing import rows, value
from tests.integration.http_gateway import Said
from tests.integration.verification_service import SAME, Service, running, told
from workflows.evidence import Compared, RegisteredPerson
from workflows.registers.ports import Answer

HTML = {"Content-Type": "text/html"}
ENDLESS = {"Content-Type": "application/json", "Content-Length": "1000000000"}
Asked = dict[str, Any]


class Person(NamedTuple):
    """Somebody as they are declared."""

    idcs: str = "4827193650"
    given_name_ar: str | None = "سعيد"
    family_name_ar: str | None = "العلوي"
    given_name_la: str | None = None
    family_name_la: str | None = None
    birth_date: date = date(1986, 8, 16)
    birth_precision: str = "day"


PEOPLE = [Person(idcs) for idcs in ("4827193650", "5930271846", "6041938275")]


@pytest.fixture
def service() -> Iterator[Service]:
    with running(Service()) as made:
        yield made


pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def there(service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RemoteRegister:
    """The register, whose loggers no earlier test has bound to what it captured."""
    for module in (caller, population, shared):
        monkeypatch.setattr(module, "log", structlog.get_logger())
    return service.register(tmp_path)


def entries(*given: dict[str, Any]) -> Callable[[Asked], Said]:
    """Answers with these entries."""
    return lambda asked: told(asked, given)


def test_it_is_told_what_was_declared_and_gives_verdicts_in_the_order_of_the_question(
    service: Service, there: RemoteRegister
) -> None:
    differs = {**SAME, "name": "neither", "score": 0.43217, "birth": "different", "differs": ["year"]}
    service.says = entries(
        {"ref": "2", "known": None}, {"ref": "1", "known": False}, {"ref": "0", **differs, "status": "deceased"}
    )

    answers = there.compare(PEOPLE)

    assert answers == [
        Compared(status="deceased", name="neither", score=0.4322, birth="different", differs=("year",)),
        None,
        Answer.NONE,
    ]
    (asked,) = service.calls
    assert asked["people"][0] == {
        "ref": "0",
        "idcs": "4827193650",
        "given_name_ar": "سعيد",
        "family_name_ar": "العلوي",
        "birth_date": "1986-08-16",
        "birth_precision": "day",
    }
    assert (asked["purpose"], asked["basis"]) == ("registration", "law 72-18")


def test_what_stays_on_this_host_goes_through_no_proxy(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(Service()) as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.setenv("NO_PROXY", "")
        monkeypatch.setenv("no_proxy", "")
        assert service.register(tmp_path).compare(PEOPLE) == [Compared()] * 3
        assert (len(service.calls), proxy.calls) == (1, [])


def test_it_asks_about_no_more_persons_at_once_than_the_service_takes(service: Service, there: RemoteRegister) -> None:
    people = [Person(f"{number:010}") for number in range(LARGEST + 3)]
    assert there.compare(people) == [Compared()] * len(people)
    assert [len(each["people"]) for each in service.calls] == [LARGEST, 3]
    assert len(service.ports) == 1, "both calls go over one connection"


WHOLE: dict[str, tuple[Callable[[Asked], Said], str]] = {
    "a page": (lambda asked: Said(200, "<html>", HTML), "no_json"),
    "half a JSON": (lambda asked: Said(200, f'{{"id": "{asked["id"]}", "answers": [{{"ref": "0", "kno'), "half_json"),
    "a JSON without a bottom": (lambda asked: Said(200, '{"answers": [' + "[" * 100_000), "half_json"),
    "one behind a field of nobody's": (lambda asked: Said(200, '{"more": ' + "[" * 100_000), "half_json"),
    "a refusal without a bottom": (lambda asked: Said(422, '{"error": ' + '{"problems":[' * 50_000), "not_taken"),
    "no text": (lambda asked: Said(200, b"\xff\xfe"), "half_json"),
    "another thing": (lambda asked: Said(200, "[]"), "other_json"),
    "an id and nothing else": (lambda asked: Said(200, json.dumps({"id": asked["id"]})), "other_json"),
    "entries about nobody": (entries({"known": True}), "other_json"),
    "an error inside": (lambda asked: told(asked, [], error={"code": "x", "message": "y"}), "error_inside"),
    "another question's answer": (lambda asked: told({"id": "7"}, []), "other_question"),
    "somebody else's record": (entries({"ref": "3", **SAME}), "other_person"),
    "somebody else's record in their place": (entries({"ref": "0", "idcs": "7000000000", **SAME}), "other_person"),
    "somebody before the first": (entries({"ref": "-1", **SAME}), "other_person"),
    "a place written otherwise": (entries({"ref": "00", **SAME}), "other_person"),
    "a redirect": (lambda asked: Said(302, "", {"Location": "http://127.0.0.1:1/"}), "redirected"),
    "without an end": (lambda asked: Said(200, b" " * (LONGEST_ANSWER + 2), ENDLESS), "too_long"),
    "an error of its own": (lambda asked: Said(500, "{}"), "broken"),
    "a question it does not take": (lambda asked: Said(422, "{}"), "not_taken"),
    "who are you": (lambda asked: Said(401, "{}"), "refused"),
    "another time of day": (lambda asked: Said(401, '{"error": {"code": "signature_time"}}'), "clock"),
    "too often": (lambda asked: Said(429, "{}", {"Retry-After": "40"}), "too_many"),
    "down": (lambda asked: Said(503, "{}"), "down"),
}


@pytest.mark.parametrize(("says", "why"), WHOLE.values(), ids=WHOLE)
def test_an_answer_that_is_none_has_an_error_of_its_own_and_no_data(
    service: Service, there: RemoteRegister, says: Callable[[Asked], Said], why: str
) -> None:
    service.says = says
    with capture_logs() as lines, pytest.raises(Unavailable) as raised:
        there.compare(PEOPLE)

    assert lines[0] == {
        "event": "a register gave no answer",
        "log_level": "warning",
        "register": "the population register",
        "why": why,
        "status": lines[0]["status"],
    }
    said = f"{raised.value} {lines}"
    assert not any(each.idcs in said or "سعيد" in said for each in PEOPLE)


HALF = "half a letter"  # which `broken` makes of it


def broken(said: Said) -> Said:
    """The answer with half a letter in place of the words for it."""
    assert isinstance(said.body, str)
    return said._replace(body=said.body.encode().replace(HALF.encode(), b"\xff"))


ALONE: dict[str, tuple[list[dict[str, Any]], str]] = {
    "left out": ([], "missing"),
    "twice": ([{"ref": "1", **SAME}, {"ref": "1", **SAME}], "doubled"),
    "known as what": ([{"ref": "1", "known": "yes"}], "unreadable"),
    "without a verdict": ([{"ref": "1", "known": True, "status": "alive", "name": "same"}], "unreadable"),
    "a verdict that is none": ([{"ref": "1", **SAME, "name": "perhaps"}], "unreadable"),
    "neither alive nor deceased": ([{"ref": "1", **SAME, "status": "merged?"}], "unreadable"),
    "half a letter": ([{"ref": "1", **SAME, "status": HALF}], "unreadable"),
    "a score beyond one": ([{"ref": "1", **SAME, "score": 1.5}], "unreadable"),
}


@pytest.mark.parametrize(("given", "why"), ALONE.values(), ids=ALONE)
def test_an_entry_that_cannot_be_used_is_no_answer_about_that_person_alone(
    service: Service, there: RemoteRegister, given: list[dict[str, Any]], why: str
) -> None:
    service.says = lambda asked: broken(told(asked, [{"ref": "0", **SAME}, *given, {"ref": "2", "known": False}]))
    with capture_logs() as lines:
        assert there.compare(PEOPLE) == [Compared(), Answer.NONE, None]
    assert [(each["why"], each["of"]) for each in lines] == [({why: 1}, 3)]


def refusal(*places: str) -> Said:
    """The service does not take what stands at these places."""
    flaws = [{"code": "wrong", "message": "", "place": place} for place in places]
    return Said(422, json.dumps({"error": flaws[0] | ({"problems": flaws} if len(flaws) > 1 else {})}))


def test_a_value_that_the_service_does_not_take_is_left_out_and_of_an_identifier_that_is_none_nobody_is_known(
    service: Service, there: RemoteRegister
) -> None:
    refused = refusal("people[0].given_name_ar", "people[1].idcs", "people[2].birth_date")
    service.says = lambda asked: refused if len(service.calls) == 1 else None

    assert there.compare(PEOPLE) == [Compared(), None, Compared()]

    first, second = service.calls[1]["people"]
    assert first.keys() == {"ref", "idcs", "birth_date", "birth_precision"}
    assert second.keys() == {"ref", "idcs", "given_name_ar", "family_name_ar"}
    assert (first["idcs"], second["idcs"]) == (PEOPLE[0].idcs, PEOPLE[2].idcs)


@pytest.mark.parametrize("place", ["people[0].idcs", "body"])
def test_a_question_that_the_service_does_not_take_at_all_gets_no_answer(
    service: Service, there: RemoteRegister, place: str
) -> None:
    service.says = lambda asked: refusal(place)
    with pytest.raises(Unavailable):
        there.compare(PEOPLE)
    assert len(service.calls) == (2 if "people" in place else 1)


def test_a_call_that_fails_is_made_again_as_another_call(service: Service, there: RemoteRegister) -> None:
    service.says = lambda asked: Said(500, "{}") if len(service.calls) < TRIES else None
    assert there.compare(PEOPLE) == [Compared()] * 3
    assert len({each["id"] for each in service.calls}) == TRIES


def test_a_call_that_was_refused_is_not_made_again(service: Service, there: RemoteRegister) -> None:
    service.says = lambda asked: Said(403, "{}")
    with pytest.raises(RegisterAway):
        there.compare(PEOPLE)
    assert len(service.calls) == 1


@pytest.mark.parametrize("drips", [0.0, 0.3])
def test_a_register_that_never_ends_its_answer_is_waited_for_no_longer_than_the_settings_say(
    service: Service, tmp_path: Path, drips: float
) -> None:
    there = service.register(tmp_path, population_timeout=0.4)
    service.drips = drips
    service.says = lambda asked: time.sleep(0.0 if drips else 3.0)
    began = time.monotonic()
    with pytest.raises(Unavailable):
        there.compare(PEOPLE)
    assert time.monotonic() - began < there.longest + 0.5 == 1.5


def test_after_some_questions_in_vain_it_is_left_alone_and_then_tried_by_one_thread_about_one_person(
    service: Service, there: RemoteRegister
) -> None:
    service.says = lambda asked: Said(422, "{}")
    for _ in range(OPENS_AFTER):
        with pytest.raises(Unavailable) as raised:
            there.compare(PEOPLE)
    assert isinstance(raised.value, RegisterAway)
    assert raised.value.asked
    left, asked = there.left_alone(), len(service.calls)
    assert left is not None
    assert PAUSE - timedelta(seconds=2) < left <= PAUSE
    with pytest.raises(RegisterAway) as refused:
        there.compare(PEOPLE)
    assert (refused.value.asked, len(service.calls), there.counts()["register_open"]) == (False, asked, 1)

    service.says = lambda asked: time.sleep(0.2)
    with clock.at(clock.now() + PAUSE):
        assert (there.left_alone(), there.most()) == (None, 1)
        assert there.compare(PEOPLE[:1]) == [Compared()]
    assert (there.left_alone(), there.most(), there.counts()["register_open"]) == (None, 2, 0)


def test_while_one_thread_tries_the_others_wait_for_what_it_finds(service: Service, there: RemoteRegister) -> None:
    service.says = lambda asked: Said(429, "{}", {"Retry-After": "1"})
    with pytest.raises(RegisterAway):
        there.compare(PEOPLE)
    service.says = lambda asked: time.sleep(0.5)
    time.sleep(1.1)

    def ask(person: Person) -> bool:
        try:
            return len(there.compare([person])) == 1
        except RegisterAway:
            return False

    with ThreadPoolExecutor(3) as threads:
        assert sorted(threads.map(ask, PEOPLE)) == [False, False, True]


@pytest.mark.parametrize(("asks", "seconds"), [("40", 40), ("999999", LONGEST_WAIT.total_seconds()), ("soon", 5)])
def test_it_is_left_alone_for_as_long_as_it_asks(
    service: Service, there: RemoteRegister, asks: str, seconds: float
) -> None:
    service.says = lambda asked: Said(429, "{}", {"Retry-After": asks})
    with pytest.raises(RegisterAway) as raised:
        there.compare(PEOPLE)
    assert seconds - 1 < raised.value.wait.total_seconds() <= seconds


def test_a_register_that_cannot_be_reached_is_away_at_once(service: Service, tmp_path: Path) -> None:
    service.url = "http://127.0.0.1:1"
    with pytest.raises(RegisterAway):
        service.register(tmp_path).compare(PEOPLE)


def test_it_is_asked_about_no_more_persons_a_second_than_the_settings_allow(service: Service, tmp_path: Path) -> None:
    there = service.register(tmp_path, population_rate=10)
    assert there.most() == 10
    began = time.monotonic()
    for _ in range(3):
        there.compare(PEOPLE)
    assert 0.55 < time.monotonic() - began < 1.5  # six persons before the last three
    there.caller.shared.book(100)
    left = there.left_alone()
    assert left is not None
    assert left > timedelta(seconds=5)
    with pytest.raises(RegisterAway):
        there.compare(PEOPLE)


# What all processes share -----------------------------------------------------------------------------


@pytest.fixture
def other(service: Service, there: RemoteRegister, tmp_path: Path) -> RemoteRegister:
    """The register as another process asks it."""
    return service.register(tmp_path)


def leave_alone(service: Service, register: RemoteRegister) -> None:
    """Has the register be left alone."""
    service.says = lambda asked: Said(401, "{}")
    with pytest.raises(RegisterAway):
        register.compare(PEOPLE)
    service.says = lambda asked: None


def asks(register: RemoteRegister, seconds: float = 0) -> bool:
    """Whether the register may be asked about one person so many seconds from now, and answers."""
    with clock.at(clock.now() + timedelta(seconds=seconds)):
        try:
            return register.compare(PEOPLE[:1]) == [Compared()]
        except RegisterAway:
            return False


def test_a_register_that_one_process_leaves_alone_no_other_one_asks(
    service: Service, there: RemoteRegister, other: RemoteRegister, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared, "FRESH_SECONDS", 0.0)
    leave_alone(service, there)
    assert (asks(other), len(service.calls)) == (False, 1)
    left = other.left_alone()
    assert left is not None
    assert left <= PAUSE
    assert (other.most(), other.counts()["register_open"]) == (1, 1)

    assert asks(other, seconds=6)
    assert (there.counts()["register_open"], there.left_alone(), asks(there)) == (0, None, True)


def test_failures_in_a_row_are_counted_over_all_processes(
    service: Service, there: RemoteRegister, other: RemoteRegister
) -> None:
    service.says = lambda asked: Said(422, "{}")
    for register in (there, other, there)[:OPENS_AFTER]:
        with pytest.raises(Unavailable) as raised:
            register.compare(PEOPLE)
    assert isinstance(raised.value, RegisterAway)


def test_one_of_all_processes_tries_a_register_that_was_left_alone(service: Service, tmp_path: Path) -> None:
    registers = [service.register(tmp_path) for _ in range(4)]
    leave_alone(service, registers[0])
    entered, refused = Barrier(len(registers)), Semaphore(0)

    def wait_for_others(asked: Asked) -> None:
        assert all(refused.acquire(timeout=10) for _ in registers[1:])

    def ask(register: RemoteRegister) -> bool:
        entered.wait(10)
        answered = asks(register, seconds=6)
        refused.release()
        return answered

    service.says = wait_for_others
    with ThreadPoolExecutor(len(registers)) as threads:
        assert sorted(threads.map(ask, registers)) == [False, False, False, True]
    assert len(service.calls) == 2  # the one that was refused, and the one that tried


def test_a_try_of_which_nothing_is_heard_is_over_after_another_pause(
    service: Service, there: RemoteRegister, other: RemoteRegister
) -> None:
    leave_alone(service, there)
    with clock.at(clock.now() + timedelta(seconds=6)):
        assert there.caller.shared.admit(1) == 0
        assert not asks(other)
        assert asks(other, seconds=6)


def test_the_rate_holds_for_all_processes_together(service: Service, tmp_path: Path) -> None:
    one, other = (service.register(tmp_path, population_rate=10) for _ in range(2))
    began = time.monotonic()
    with ThreadPoolExecutor(4) as threads:
        assert len(list(threads.map(lambda register: register.compare(PEOPLE), (one, other, one, other)))) == 4
    assert time.monotonic() - began > 0.85  # nine persons before the last three


def test_while_the_register_answers_and_any_rate_is_taken_nothing_is_written(there: RemoteRegister) -> None:
    there.compare(PEOPLE)
    assert there.left_alone() is None
    assert value("select count(*) from register_elsewhere") == 0
    rows("insert into register_elsewhere (name, failures, free_at) values (%s, 0, now())", there.caller.shared.name)
    before = rows("select xmin, ctid from register_elsewhere")
    there.compare(PEOPLE)
    assert rows("select xmin, ctid from register_elsewhere") == before


def test_every_question_is_asked_by_what_is_known_now_and_not_a_second_ago(
    service: Service, there: RemoteRegister, other: RemoteRegister
) -> None:
    assert asks(other)
    leave_alone(service, there)
    assert not asks(other)


def test_what_a_clock_wrote_that_has_gone_back_since_counts_for_nothing(
    service: Service, there: RemoteRegister, other: RemoteRegister, tmp_path: Path
) -> None:
    leave_alone(service, there)
    rows("update register_elsewhere set open_until = now() + interval '30 days', free_at = now() + interval '30 days'")
    assert (other.left_alone(), asks(other)) == (None, True)
    rows("update register_elsewhere set free_at = now() + interval '30 days'")
    paced = service.register(tmp_path, population_rate=100)
    assert (paced.left_alone(), asks(paced)) == (None, True)


def test_what_the_register_keeps_is_given_to_an_officer_and_of_nobody_else(
    service: Service, there: RemoteRegister
) -> None:
    kept = {
        "idcs": PEOPLE[0].idcs,
        "given_name_ar": "سعيد",
        "family_name_ar": "العلوي",
        "given_name_la": "Said",
        "family_name_la": "Alaoui",
        "birth_date": "1986-08-16",
    }
    service.says = lambda asked: Said(200, json.dumps({"id": asked["id"], "records": [kept]}))
    assert there.stored([each.idcs for each in PEOPLE]) == {
        PEOPLE[0].idcs: RegisteredPerson("سعيد", "العلوي", "Said", "Alaoui", date(1986, 8, 16))
    }
    with pytest.raises(Unavailable):
        there.stored([PEOPLE[1].idcs])


@pytest.mark.parametrize(
    "change",
    [{"birth_precision": "century"}, {"status": "merged"}, {"birth_date": "1986-02-30"}, {"given_name_la": None}],
)
def test_a_record_that_holds_what_there_is_not_is_no_answer(
    service: Service, there: RemoteRegister, change: dict[str, Any]
) -> None:
    names = dict.fromkeys(("given_name_ar", "family_name_ar", "given_name_la", "family_name_la"), "x")
    kept = {"idcs": PEOPLE[0].idcs, **names, "birth_date": "1986-08-16", **change}
    service.says = lambda asked: Said(200, json.dumps({"id": asked["id"], "records": [kept]}))
    with pytest.raises(Unavailable):
        there.stored([PEOPLE[0].idcs])


@pytest.mark.parametrize("text", ["", "no key", '{"kty": "oct", "k": "AAAA"}'])
def test_a_key_that_cannot_be_read_is_said_with_its_file(tmp_path: Path, text: str) -> None:
    file = tmp_path / "partner.pem"
    file.write_text(text)
    with pytest.raises(Unavailable, match=r"partner\.pem"):
        read_key(file)
    with pytest.raises(Unavailable, match=r"nowhere\.pem"):
        read_key(tmp_path / "nowhere.pem")
