"""No word stands in a template of the console itself, its texts are there in each language, and none is left over."""

import re
from collections import Counter
from pathlib import Path
from typing import get_args

import pytest
from jinja2 import nodes

import web
from models.staff import ROLES
from notifications.catalogues import LANGUAGES, STAFF_LANGUAGES
from tasks.schedule import JOBS
from tests.portal.test_words import VARIABLES
from web.app import environment
from web.console.answers import OF_IDENTITY
from web.console.changed import all_choices, all_fields
from web.console.desk import TABS as LISTS
from web.console.desk_acts import ACTS, ESCALATE
from web.console.desk_view import QUEUES
from web.console.identity import ANOTHER, SAME_PERSON
from web.console.keys import LISTED
from web.console.language import CATALOGUES, text
from web.console.pages import MENU
from web.contestable import names_of_choices
from web.enrolling.fields import OF_ENROLMENTS, PROOFS
from web.index_values import GROUPS, names_counted
from web.queries import MISMATCHES
from workflows.appeals.reasons import ASKED, REJECTED, RETURNED, UPHELD
from workflows.audit.acts import Act, Purpose
from workflows.bodies.appeal import OF_HOUSEHOLD, OF_MEMBER, Decision, Ground
from workflows.desk.about import ALIKE, CONFLICT, REMOVAL
from workflows.desk.items import APPEALS, ENROLMENTS, EXCEPTIONS, PRIORITIES, REVIEWS
from workflows.desk.notes import ASSIGNED, HANDED_BACK, NOTE, PRIORITY
from workflows.desk.pages import DUE
from workflows.desk.search import IDCS, NAME, PHONE, REFERENCE
from workflows.documents.storing import ALL_MOMENTS, SHOWS
from workflows.events.event import KINDS
from workflows.events.registration import BIRTH, Doubt
from workflows.evidence import DECLARANT, SIJIL
from workflows.flows import FLOWS, PARKED, all_queues
from workflows.flows.grammar import CASEWORKER, CITIZEN, OPERATOR, POPULATION_OFFICER
from workflows.fraud import SIGNALS
from workflows.matching.duplicates import wording
from workflows.stages.attest import OBJECTIONS
from workflows.stages.confirm_enrolment import RETURNED as ENROLMENTS_RETURNED
from workflows.stages.identify import OTHER, SAME
from workflows.stages.review import REASONS
from workflows.stages.verify import NEAR

DOUBTS = {Doubt(0, what, "").code for what in OTHER}
ABOUT = {
    CONFLICT,
    REMOVAL,
    ALIKE,
    *ENROLMENTS_RETURNED,
    *SIGNALS,
    *REASONS["correct"],
    *REASONS["refuse"],
    *MISMATCHES,
    *DOUBTS,
}
ABOUT |= {f"appeal_{each}" for each in get_args(Decision)}
FOLDER = Path(web.__path__[0]) / "templates" / "console"
TEMPLATES = sorted(FOLDER.glob("**/*.html"))
LETTER = re.compile(r"[^\W\d_]{2,}")
# What stands between expressions: markup, whose attributes are read one by one, and text.
TAG = re.compile(r"<!--.*?-->|<!?/?\w[^>]*>", re.DOTALL)
SHOWN = re.compile(r'\b(?:alt|title|placeholder|aria-label)="([^"]*)"')
OURS = {"Sijil"}
# What the search for likely duplicates says of two people.
OF_DUPLICATES = {
    *wording.ZONES.values(),
    *wording.Side,
    *(sentence for levels in wording.SENTENCES.values() for sentence in levels.values()),
    wording.GUARD,
}
PART = re.compile(r"\.?[a-z0-9_]*(\.[a-z0-9_]+)*\.|\.[a-z]+")  # of a key that is put together: `role.`, `.title`
# What templates and handlers put together from a part: the part before, and what may follow.
COMPOSED: dict[str, set[str]] = {
    "role.": set(ROLES),
    "kind.": set(FLOWS),
    "stage.": {PARKED} | {stage for flow in FLOWS.values() for stage in flow.stages},
    "done.": set(KINDS),
    "letter.": {"aside", "printed", "delivered", "undelivered"},
    "by.": {SIJIL, DECLARANT, "applicant", REFERENCE, IDCS, PHONE, NAME},
    "wrong.": {*OF_ENROLMENTS, *(f"vouch_{code}" for code in OBJECTIONS)},
    "signal.": {*SIGNALS, *(f"{code}.innocent" for code in SIGNALS)},
    "verdict.": set(REASONS),
    "why.": {
        *(reason for reasons in REASONS.values() for reason in reasons),
        *(*UPHELD, *REJECTED, *RETURNED, *ASKED, *MISMATCHES, *DOUBTS, *SAME, *ENROLMENTS_RETURNED),
        *("upheld", "partly_upheld", "rejected", "set_aside"),
    },
    "birth.": set(NEAR[BIRTH]),
    "met.": {"equal", "spelling", "initial", "title", "missing", "one_word"},
    "identity_is.": {SAME_PERSON, ANOTHER},
    "contests.": set(get_args(Decision)),
    "ground.": set(get_args(Ground)),
    "act.": {
        *("take_case", "hand_back", "ask_information", "propose_decision", "agree_to_decision", "return_decision"),
        *("escalate", "retry_correction", "add_text"),
    },
    "delivery.": {"owed", "sending", "sent", "failed", "stuck"},
    "channel.": {"sms", "letter", "email"},
    "desk.": {ASSIGNED, HANDED_BACK, PRIORITY, NOTE},
    "priority.": {str(each) for each in PRIORITIES},
    "answer.": {"withdrawal", "reopening", "escalation"},
    "identity.": set(OF_IDENTITY),
    "audit.": set(Act),
    "purpose.": set(Purpose),
    "changed.": {"joins", "leaves"},
    "how.": {"household", "opened", "opened_by"},
    "field.": {*OF_HOUSEHOLD, *(f"members.{each}" for each in OF_MEMBER), *all_fields()},
    "choice.": {*names_of_choices(), *all_choices(), *(f"proof.{each}" for each in PROOFS)},
    "region.": {str(each) for each in range(1, 13)},
    "group.": set(GROUPS),
    "counted.": names_counted(VARIABLES),
    "queue.": {f"{queue}{part}" for queue in all_queues() for part in ("", ".what")},
    "owner.": {CITIZEN, CASEWORKER, POPULATION_OFFICER, OPERATOR},
    "job.": {each.name for each in JOBS},
    "load.": {APPEALS, REVIEWS, EXCEPTIONS, ENROLMENTS},
    "not_given.": {"stale", "not_found", "busy", "holds_it_already", "not_a_colleague", "may_not_decide"},
    "tab.": set(LISTS),
    "empty.": set(LISTS),
    "sort.": set(QUEUES),
    "due.": set(DUE),
    "spoken.": set(LANGUAGES),
    "about.": ABOUT,
    "key.": {code for _, code in LISTED},
    "shows.": set(SHOWS),
    "moment.": set(ALL_MOMENTS),
    "told.": set(ACTS) | {ESCALATE},
}
# Of these the citizens' catalogue has the texts, and `values` the English ones.
OF_CITIZENS = ("field.", "choice.", "region.", "group.", "counted.", "shows.")
# Codes that Python chooses, by the beginning of their keys: errors and refusals, of which only some are told apart.
CHOSEN = ("error.", "refused.", "urgency.", "flag.")


def keys_in(tree: nodes.Template) -> set[str]:
    """The texts that a template names as they are."""
    found = set()
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name == "t" and call.args:
            found |= {each.value for each in call.args[0].find_all(nodes.Const) if isinstance(each.value, str)}
            if isinstance(call.args[0], nodes.Const):
                found.add(call.args[0].value)
    return found


def parsed(path: Path) -> nodes.Template:
    """The syntax of a template."""
    return environment().parse(path.read_text(encoding="utf-8"))


def named() -> set[str]:
    """Every key that a page may ask for."""
    found = {each.name for each in MENU} | OF_DUPLICATES
    for path in TEMPLATES:
        found |= {key for key in keys_in(parsed(path)) if not PART.fullmatch(key)}
    return found | {f"{before}{after}" for before, afters in COMPOSED.items() for after in afters}


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_word_stands_in_a_template_itself(path: Path) -> None:
    written = "".join(each.data for each in parsed(path).find_all(nodes.TemplateData))
    shown = [*SHOWN.findall(written), TAG.sub(" ", re.sub(r"<style.*?</style>", "", written, flags=re.DOTALL))]
    assert [word for part in shown for word in LETTER.findall(part) if word not in OURS] == []


@pytest.mark.parametrize("language", STAFF_LANGUAGES)
def test_every_text_that_a_page_asks_for_is_there(language: str) -> None:
    for key in named():
        assert text(language, key)


@pytest.mark.parametrize("language", STAFF_LANGUAGES)
def test_no_text_is_left_over(language: str) -> None:
    known = named()
    left = [
        key
        for each in CATALOGUES
        for _, key in each.texts(language)
        if key not in known and not key.startswith(CHOSEN) and not key.startswith(tuple(COMPOSED))
    ]
    assert left == []


@pytest.mark.parametrize("each", CATALOGUES, ids=lambda each: each.domain)
def test_the_languages_have_the_same_texts_and_the_same_places_to_fill(each: object) -> None:
    arabic, french, english = (each.texts(language) for language in ("ar", "fr", "en"))  # type: ignore[attr-defined]
    assert arabic.keys() == french.keys()
    assert english.keys() <= arabic.keys()
    for (context, key), said in arabic.items():
        asked = set(re.findall(r"\{\w*\}", english.get((context, key), key)))
        assert set(re.findall(r"\{\w*\}", said)) == asked, key
        assert set(re.findall(r"\{\w*\}", french[context, key])) == asked, key


@pytest.mark.parametrize("each", CATALOGUES, ids=lambda each: each.domain)
def test_french_stands_apart_from_its_marks_by_a_space_that_does_not_break(each: object) -> None:
    texts = each.texts("fr")  # type: ignore[attr-defined]
    assert [said for said in texts.values() if re.search(r"(?<!\u00a0)[:;?!](?!\w|/)", said)] == []


@pytest.mark.parametrize("language", STAFF_LANGUAGES)
def test_no_text_stands_in_two_catalogues_of_which_one_would_win_in_silence(language: str) -> None:
    keys = [key for each in CATALOGUES for key in each.texts(language)]
    assert sorted(str(key) for key, count in Counter(keys).items() if count > 1) == []
