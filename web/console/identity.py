"""Members whom the population register leaves in doubt, as the page of their case shows them side by side, and what is
said of them there.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from web.console.forms import Form
from workflows.casefile import CaseFile
from workflows.casework.case_view import CaseView, SeenMember
from workflows.casework.identities import STAGE
from workflows.events.registration import NAME, Doubt, IdentityDoubted
from workflows.evidence import MemberIdentity
from workflows.matching.births import Birth, parts_that_differ
from workflows.matching.reasons import Reason, reasons
from workflows.matching.score import match
from workflows.matching.verdict import compare_names
from workflows.stages.identify import OTHER, SAME

MEMBER = "identity:"  # how the fields begin that say who a member is: `identity:2` = `same:slip`
SAME_PERSON, ANOTHER = "same", "other"


class DoubtedMember(NamedTuple):
    """A doubted member: as declared and as the register keeps them, what is in doubt, and how their names met.

    `words`: where the name is in doubt, none of a reader who may not see the register's side; `parts`: of the birth
    date, that differ.
    """

    seen: SeenMember
    doubt: Doubt
    score: str
    words: Sequence[Reason] = ()
    parts: Sequence[str] = ()

    @property
    def field(self) -> str:
        """The name of the field that says who they are."""
        return f"{MEMBER}{self.doubt.member}"

    @property
    def answers(self) -> Sequence[tuple[str, str]]:
        """What can be said of them, each with its reason."""
        return (*((SAME_PERSON, reason) for reason in SAME), (ANOTHER, OTHER[self.doubt.what]))


def doubted_members(view: CaseView) -> list[DoubtedMember]:
    """The members who are in doubt now; none at any other stage."""
    file: CaseFile = view.file
    if file.stage != STAGE or not view.members:
        return []
    return [doubted(view.members[each.member], each) for each in file.last(IdentityDoubted).doubts]


def doubted(seen: SeenMember, doubt: Doubt) -> DoubtedMember:
    """A doubted member, with why their names score as they do where the reader sees both."""
    score = f"{doubt.score:.2f}"
    if seen.registered is None:
        return DoubtedMember(seen, doubt, score)
    names = compare_names(seen.declared, seen.registered)
    ours = Birth(seen.declared.birth_date, seen.declared.birth_precision)
    theirs = Birth(seen.registered.birth_date, seen.registered.birth_precision)
    words = reasons(match(names.one, names.other)) if doubt.what == NAME else ()
    return DoubtedMember(seen, doubt, score, words, parts_that_differ(ours, theirs))


def said_in(form: Form) -> list[MemberIdentity]:
    """What a form says of each member."""
    return [MemberIdentity(member, way == SAME_PERSON, reason) for member, way, reason in answers_in(form)]


def answers_in(form: Form) -> Iterator[tuple[int, str, str]]:
    """The member, the answer and the reason of each field that says who a member is."""
    for name, value in form.pairs:
        place = name.removeprefix(MEMBER)
        if name.startswith(MEMBER) and place.isdecimal():
            way, _, reason = value.partition(":")
            yield int(place), way, reason
