"""Every door reads strictly, and takes a text for the same however it was typed: forms of Unicode, unseen marks, other
digits and blanks.
"""

import json
from collections.abc import Callable
from typing import Any
from unicodedata import category, normalize

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from models.errors import Refused
from tests.factories import Json, a_body, a_child, a_head, a_spouse, an_application
from tests.strategies import TEXT, bodies
from workflows.bodies.reading import application, canonical_throughout, parsed
from workflows.bodies.text import canonical
from workflows.intake.receipts import normal
from workflows.intake.submit import key_of

UNSEEN = "\u200b\u200c\u200d\u200e\u200f\u061c\u2066\u2069\u202a\u202c\u2060\ufeff\u00ad\u034f\ufe0f"
BLANKS = " \u00a0\u2003\u202f\u3000"
EASTERN = dict(zip("0123456789", "٠١٢٣٤٥٦٧٨٩", strict=True))
WHOLE = json.loads(
    an_application(
        bills={"gas": "50", "water_electricity": ["1"], "telecom": "7.50"},
        belongings={"cars": 1, "antenna": True},
        members=[a_head(cin="AB123456"), a_spouse(cin="AB123457"), a_child(cin="B1")],
    ).model_dump_json()
)
VALUES: list[Any] = [
    None,
    True,
    False,
    0,
    7,
    -1,
    10**30,
    1.5,
    5.0,
    float("nan"),
    "",
    "zzyzx",
    "7",
    "1_0",
    "+5",
    "1e3",
    "１",
    "5.0",
    "yes",
    "true",
    "20200101",
    [],
    ["7"],
    {},
]
AMOUNTS_TAKEN = [0, 7, 1.5, 5.0, "7", "5.0"]
OPTIONAL = (
    "province",
    "application",
    "street",
    "phone",
    "email",
    "cin",
    "given_name_ar",
    "family_name_ar",
    "given_name_la",
    "family_name_la",
)
FREE_TEXT = ("application", "commune", "street", *OPTIONAL[6:])


def leaves(value: Any, above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every answer of a body."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [way for name, part in parts for way in leaves(part, (*above, name))] or [above]


def answer_at(body: Any, way: tuple[Any, ...]) -> Any:
    for name in way:
        body = body[name]
    return body


def with_answer(way: tuple[Any, ...], value: Any) -> str:
    """The whole body as JSON, with another value at one place."""
    body = json.loads(json.dumps(WHOLE))
    answer_at(body, way[:-1])[way[-1]] = value
    return json.dumps(body)


def is_taken(way: tuple[Any, ...], value: Any) -> bool:
    """Whether a value is one that the answer at this place may have: of its own JSON type, or left out."""
    ours, field = answer_at(WHOLE, way), way[-1]
    if way[0] == "bills":
        return value in AMOUNTS_TAKEN and not isinstance(value, bool)
    if value is None:
        return field in OPTIONAL
    if isinstance(ours, bool) or isinstance(value, bool):
        return isinstance(ours, bool) and isinstance(value, bool)
    if isinstance(ours, int):
        return isinstance(value, int) and (1 if field in ("region", "rooms") else 0) <= value <= (
            12 if field == "region" else 50
        )
    return field in FREE_TEXT and isinstance(value, str) and value != ""


@pytest.mark.parametrize("way", leaves(WHOLE), ids=lambda way: ".".join(map(str, way)))
def test_a_value_of_another_type_than_an_answers_own_is_refused_by_its_path(way: tuple[Any, ...]) -> None:
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in way).removeprefix(".")
    crowd = {"members"} if way[-1] == "declarant" else {path.rpartition(".")[0]}  # nobody declares, no name is whole
    for value in VALUES:
        found = refused_fields(with_answer(way, value))
        assert found <= crowd if is_taken(way, value) else found == {path}, (value, found)


def refused_fields(text: str) -> set[str]:
    """The fields for which an application is refused; none where it is taken."""
    try:
        application(text)
    except Refused as refused:
        return {each["field"] for each in refused.problems}
    return set()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": 1, "a": 1}', ["a"]),
        (r'{"a": 1, "\u0061": 2}', ["a"]),
        ('{"m": [{}, {"x": {"b": 1, "b": [], "c": 0}}]}', ["m[1].x.b"]),
        ('{"a": {"b": 1, "b": 2}, "c": 1, "c": 2}', ["c", "a.b"]),
        ("٣", ["body"]),
        ('{"a": ٣}', ["body"]),
        ("[" * 100_000, ["body"]),
        ("[" * 900 + "]" * 899, ["body"]),
        (r'"\ud800"', ["body"]),
        (r'{"\udfff": 1}', ["body"]),
        ("9" * 5000, ["body"]),
        ("1e" + "9" * 30, ["body"]),
        ('{"a": 01}', ["body"]),
        ('{"a": +5}', ["body"]),
        ("{'a': 5}", ["body"]),
        ('{"a": "\x00"}', ["body"]),
        ("", ["body"]),
        ('{"a": 1,}', ["body"]),
    ],
)
def test_json_that_can_be_read_in_two_ways_or_none_is_refused(text: str, said: list[str]) -> None:
    with pytest.raises(Refused) as refused:
        parsed(text)
    assert [each["field"] for each in refused.value.problems] == said
    assert all(each["message"].endswith(".") and "pecting" not in each["message"] for each in refused.value.problems)


def typed_otherwise(draw: Callable[..., Any], text: str) -> str:
    """The same text from another keyboard: decomposed or not, with unseen marks, other blanks and digits."""
    letters: list[str] = [
        draw(st.sampled_from(BLANKS)) if each == " " else draw(st.sampled_from((each, EASTERN.get(each, each))))
        for each in normalize("NFD", text)
    ]
    marked: list[str] = [letter + draw(st.sampled_from(("", *UNSEEN))) for letter in letters]
    return " " + "".join(marked)


@st.composite
def twins(draw: Callable[..., Any]) -> tuple[str, str]:
    """A text, and the same from another keyboard."""
    text = draw(TEXT)
    return text, typed_otherwise(draw, text)


@given(twins())
@example(("é", "e\u200d\u0301"))
def test_a_text_is_the_same_from_another_keyboard(pair: tuple[str, str]) -> None:
    assert canonical(pair[0]) == canonical(pair[1])


@given(st.text())
def test_the_canonical_form_stays_as_it_is_and_holds_nothing_unseen(text: str) -> None:
    kept = canonical(text)
    assert canonical(kept) == kept == normalize("NFC", kept)
    assert [letter for letter in kept if category(letter) in ("Cf", "Zl", "Zp")] == []


def from_another_keyboard(draw: Callable[..., Any], value: Any) -> Any:
    if isinstance(value, dict):
        return {name: from_another_keyboard(draw, part) for name, part in value.items()}
    if isinstance(value, list):
        return [from_another_keyboard(draw, part) for part in value]
    return typed_otherwise(draw, value) if isinstance(value, str) else value


@settings(max_examples=30)  # of a household each, whose every letter is drawn
@given(st.data(), bodies())
def test_an_application_is_the_same_by_key_and_hash_from_another_keyboard(data: st.DataObject, body: Json) -> None:
    if all(
        canonical_throughout(member.get(name, "x")) for member in body["members"] for name in OPTIONAL[5:]
    ) and canonical_throughout(body["commune"]):
        other = from_another_keyboard(data.draw, body)
        assert application(json.dumps(other, ensure_ascii=False)) == application(json.dumps(body))
        assert key_of(application(json.dumps(other))) == key_of(application(json.dumps(body, ensure_ascii=False)))


REFERENCE = "RSU-7K3M-9QWX-2D5T"


@pytest.mark.parametrize(
    "typed",
    [
        f"\u200f{REFERENCE}",
        f"\u2066{REFERENCE}\u2069",
        f"({REFERENCE})",
        f"[{REFERENCE}].",
        f"« {REFERENCE} »",
        f"\ufeff{REFERENCE}",
        f"“{REFERENCE}”",
        "RSU\u20117K3M\u20139QWX\u22122D5T",
        "ＲＳＵ－７Ｋ３Ｍ－９ＱＷＸ－２Ｄ５Ｔ",
        "rsu–٧k٣m–٩qwx–٢d٥t",
        f"№: {REFERENCE}",
        "#7k3m9qwx2d5t",
        "RSU 7K3M/9QWX/2D5T",
    ],
)
def test_a_reference_with_marks_signs_or_brackets_is_found(typed: str) -> None:
    assert normal(typed) == REFERENCE


def test_a_household_is_the_same_with_and_without_an_answer_that_is_left_out() -> None:
    assert key_of(application(json.dumps(a_body(phone=None)))) == key_of(
        application(json.dumps({k: v for k, v in a_body().items() if k != "phone"}))
    )
