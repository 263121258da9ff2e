"""What each kind of life event does in the social register. docs/decisions/0063 says why."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from models.database import Connection, scalar
from workflows.bodies.change import UPDATE
from workflows.casework.register_changes import register_changed
from workflows.engine.load import COLUMNS, CaseRow
from workflows.engine.work import advance_locked
from workflows.evidence import LifeEventHeard
from workflows.flows import PARKED
from workflows.heard.households import (
    home_of,
    homes_of,
    household_of,
    is_known,
    known_as,
    note_merge,
    note_unmerge,
    open_cases,
)
from workflows.heard.inviting import invite
from workflows.heard.openings import Hearing, Opened, open_case
from workflows.heard.told import LifeEvent
from workflows.registers.person_moves import let_go_by_updates

SCORED = {"birth_date", "birth_precision"}  # what counts in the index of all that the register keeps of a person
STATUS = "status"
OF_ENTRIES = ("merged", "merge_undone")
SOON = timedelta(seconds=10)  # for a case that is in the machine now
# The cases that an event of this kind about these two opened, in the households of which any case declares one of them.
# Whom it is about stands in the first body; who died may be declared in no case that is left.
OPENED = f"""
    select c.id, c.open, c.machine or c.waiting or c.stage = '{PARKED}', c.stage, c.household_id
    from cases c join case_body b on (b.case_id, b.number) = (c.id, 1)
    where c.kind = '{UPDATE}' and c.household_id = any(array(
        select household_id from cases where id = any(array(select case_id from desk_search where keys && %s::text[]))
    ))
    and b.body -> 'life_event' ->> 'kind' = %s and b.body -> 'life_event' ->> 'idcs' = %s
    and b.body -> 'life_event' ->> 'other' is not distinct from %s order by c.id for update of c
"""
ROW = f"select {COLUMNS} from cases where id = %s"
FORGET = """
    delete from life_event_aside where waits_for is not null and source = %s and kind = %s and idcs = %s
    and other_idcs is not distinct from %s
"""
REGISTERED = """
    select exists (select from household_version where household_id = %(id)s)
    and not exists (select from household_end where household_id = %(id)s)
"""


COMPARED = """
    select exists (select from household_version v join event e on e.case_id = v.case_id
        where (v.household_id, v.version) = (%s, %s) and e.kind in ('PersonsVerified', 'IdentityConfirmed')
        and e.at >= %s)
"""


class Effect(NamedTuple):
    """What came of an event: its outcome by name, the queues that have work by it, and for what it waits.

    `waits_for`: cases with whose end it is applied again. `again_at`: at the latest. `aside`: why a person has to look.
    """

    outcome: str
    queues: frozenset[str] = frozenset()
    waits_for: tuple[int, ...] = ()
    again_at: datetime | None = None
    aside: str = ""


# By which name each event is counted, once.
OUTCOMES = (
    "opened",  # a case of a household
    "sent_on",  # cases that waited because of the person
    "invited",  # a household, to declare a change
    "taken_back",  # what was opened before
    "waits",  # for cases that declare the person, or that it opened
    "nothing",  # to do: the household has declared since, or the event says nothing that we keep
    "nobody",  # of ours
    "aside",  # a person looks at it
    "passed_over",  # an operator began behind it
)
Apply = Callable[[Connection, LifeEvent, Hearing], Effect]


def effect_of(connection: Connection, event: LifeEvent, hearing: Hearing) -> Effect:
    """Applies an event. The caller commits."""
    apply = KINDS.get(event.kind)
    if event.flaw or apply is None:
        return Effect("aside", aside=event.flaw or "unknown_kind")
    if event.kind in OF_ENTRIES:
        if not event.other:
            return Effect("aside", aside="no_identifier")
        note_entries(connection, event, hearing)
    found = [each for each in as_we_know(connection, event, hearing) if is_known(connection, each.persons)]
    return together([apply(connection, each, hearing) for each in found])


def note_entries(connection: Connection, event: LifeEvent, hearing: Hearing) -> None:
    """Notes which two entries are of one person, though nobody of ours may have either yet."""
    if event.kind == "merged":
        note_merge(connection, hearing.source, event.idcs, event.other or "")
    else:
        note_unmerge(connection, hearing.source, event.idcs)


def as_we_know(connection: Connection, event: LifeEvent, hearing: Hearing) -> list[LifeEvent]:
    """The event under each identifier by which we have the person: the register tells it under one of two, mostly that
    which stayed, and a household may have the other.
    """
    if event.kind in OF_ENTRIES:
        return [event]
    other = names_of(connection, event.other, hearing, event)[0] if event.other else None
    names = names_of(connection, event.idcs, hearing, event)
    return [msgspec.structs.replace(event, idcs=each, other=other) for each in names]


def names_of(connection: Connection, idcs: str, hearing: Hearing, event: LifeEvent) -> list[str]:
    """The identifiers of a person of whom something is told: those that a household or an open case of ours has.

    What is taken back, is so under each.
    """
    names = known_as(connection, hearing.source, idcs)
    if len(names) == 1 or (STATUS in event.fields and event.kind == "corrected"):
        return names
    return [each for each in names if household_of(connection, each) or open_cases(connection, [each])] or [idcs]


def together(effects: Sequence[Effect]) -> Effect:
    """What came of an event under all identifiers of the person, by the first of their outcomes."""
    if not effects:
        return Effect("nobody")
    return Effect(
        min((each.outcome for each in effects), key=OUTCOMES.index),
        frozenset(queue for each in effects for queue in each.queues),
        tuple(sorted({case_id for each in effects for case_id in each.waits_for})),
        min((each.again_at for each in effects if each.again_at), default=None),
        next((each.aside for each in effects if each.aside), ""),
    )


def death(connection: Connection, event: LifeEvent, hearing: Hearing) -> Effect:
    """The household changes without the dead. It is looked at again when cases that declare them have ended, and a
    person looks where the dead is a member all the same.
    """
    queues = went_on(connection, event, hearing)
    home, others = home_of(connection, event.idcs), open_cases(connection, [event.idcs])
    if home is None:
        queues |= left_behind(connection, event, hearing)
        return Effect("waits" if others else sent_on(queues), queues, tuple(others))
    if event.idcs in let_go_by_updates(connection, {home.household_id}).get(home.household_id, ()):
        return Effect("waits", queues, tuple(others))
    opened = open_case(connection, event, home, hearing)
    if not opened.open:
        return Effect("aside", queues, aside="still_a_member")
    return Effect("opened", queues | {"verification"}, (opened.case_id,))


def left_behind(connection: Connection, event: LifeEvent, hearing: Hearing) -> frozenset[str]:
    """Sends on the other changes of a household that has let the dead go by now; returns the queues with work by that.

    Their people were asked about the dead, and need not answer: the changes are made on an entry without them.
    """
    found = connection.execute(OPENED, [[event.idcs], "death", event.idcs, None]).fetchall() if hearing.again else ()
    changed = {household for *_, stage, household in found if stage == "notified"}
    if not changed:
        return frozenset()
    return register_changed(connection, [event.idcs], hearing.now, hearing.notices, changed)


def merged(connection: Connection, event: LifeEvent, hearing: Hearing) -> Effect:
    """A caseworker looks at each household that has one of the two."""
    others = open_cases(connection, event.persons)
    opened = [open_case(connection, event, each, hearing) for each in homes_of(connection, event.persons)]
    return of_opened(opened, others, hearing)


def of_opened(opened: Sequence[Opened], others: Sequence[int], hearing: Hearing) -> Effect:
    """What came of an event that opens cases; those that declared the person before may bring them in yet."""
    waits_for = () if hearing.again else tuple(others)
    if any(each.new for each in opened):
        return Effect("opened", frozenset({"verification"}), waits_for)
    return Effect("waits" if waits_for else "nothing", waits_for=waits_for)


def merge_undone(connection: Connection, event: LifeEvent, hearing: Hearing) -> Effect:
    """What the merge opened ends; where it was decided already, a caseworker looks once more."""
    effect, decided = taken_back(connection, event, "merged", hearing)
    if not decided:
        return effect
    others = open_cases(connection, event.persons)
    return of_opened(
        [open_case(connection, event, each, hearing) for each in homes_of(connection, event.persons)], others, hearing
    )._replace(again_at=effect.again_at)


def corrected(connection: Connection, event: LifeEvent, hearing: Hearing) -> Effect:
    """Cases that waited go on; an entry whose index rests on the value is compared with the register once more."""
    queues = went_on(connection, event, hearing)
    if STATUS in event.fields:
        return alive(connection, event, hearing, queues)
    if not SCORED & set(event.fields):
        return Effect(sent_on(queues, "nothing"), queues)
    home = home_of(connection, event.idcs)
    if home and scalar(connection, COMPARED, [home.household_id, home.version, event.at]):
        home = None  # the register was asked about the entry since
    others = open_cases(connection, [event.idcs])
    effect = of_opened([open_case(connection, event, home, hearing)] if home else [], others, hearing)
    if effect.outcome == "opened":
        return effect._replace(queues=effect.queues | queues)
    return effect._replace(outcome=sent_on(queues, effect.outcome), queues=queues)


def alive(connection: Connection, event: LifeEvent, hearing: Hearing, queues: frozenset[str]) -> Effect:
    """A death was a mistake: what it opened ends. A household that was changed by it already is asked to declare the
    person again; one that was ended by it, a person has to find.
    """
    effect, decided = taken_back(connection, event, "death", hearing)
    if not decided or household_of(connection, event.idcs):
        return effect._replace(outcome=sent_on(queues, effect.outcome), queues=effect.queues | queues)
    if not all(is_registered(connection, each) for each in decided):
        return Effect("aside", queues, aside="ended_by_mistake")
    told = [invite(connection, event, each, hearing) for each in decided]
    return Effect("invited" if any(told) else "nothing", queues)


def went_on(connection: Connection, event: LifeEvent, hearing: Hearing) -> frozenset[str]:
    """Sends the cases on that wait because of the person, the first time; returns the queues that have work by that."""
    if hearing.again:
        return frozenset()
    return register_changed(connection, [event.idcs], hearing.now, hearing.notices)


def is_registered(connection: Connection, household_id: int) -> bool:
    """Whether the register has this household now."""
    return bool(scalar(connection, REGISTERED, {"id": household_id}))


def taken_back(connection: Connection, event: LifeEvent, kind: str, hearing: Hearing) -> tuple[Effect, list[int]]:
    """Ends what an event of this kind opened, and returns the households that were changed by it already.

    A case that the machine has in hand is looked at again shortly.
    """
    other = event.other if kind == "merged" else None
    connection.execute(FORGET, [hearing.source, kind, event.idcs, other])
    found = connection.execute(OPENED, [event.persons, kind, event.idcs, other]).fetchall()
    busy = [case_id for case_id, is_open, in_machine, *_ in found if is_open and in_machine]
    ended = [
        end_case(connection, case_id, event, hearing) for case_id, is_open, held, *_ in found if is_open and not held
    ]
    decided = [
        household for _, is_open, _, stage, household in found if not is_open and stage in ("notified", "removed")
    ]
    queues = frozenset(queue for each in ended for queue in each)
    if busy:
        return Effect("waits", queues, tuple(busy), hearing.now + SOON), []
    return Effect("taken_back" if ended else "nothing", queues), decided


def end_case(connection: Connection, case_id: int, event: LifeEvent, hearing: Hearing) -> frozenset[str]:
    """Ends a locked case that waits for people; returns the queues that have work by that."""
    (row,) = [CaseRow(*each) for each in connection.execute(ROW, [case_id])]
    evidence = LifeEventHeard(at=hearing.now, kind=event.kind, source=hearing.source, position=event.position)
    _, _, outcome = advance_locked(connection, row, evidence, hearing.notices)
    return outcome.queues


def renamed(connection: Connection, event: LifeEvent, hearing: Hearing) -> Effect:
    """Cases that waited because of a name go on. The entry keeps its names until its household changes: none scores."""
    queues = went_on(connection, event, hearing)
    return Effect(sent_on(queues, "nothing"), queues)


def birth(connection: Connection, event: LifeEvent, hearing: Hearing) -> Effect:
    """Cases that waited for the child go on; the parent's household is asked whether the child lives with it."""
    queues = went_on(connection, event, hearing)
    if not event.other or household_of(connection, event.idcs) or open_cases(connection, [event.idcs]):
        return Effect(sent_on(queues, "nothing"), queues)
    effect = invited(connection, event, [event.other], hearing)
    return effect._replace(queues=queues)


def of_both(connection: Connection, event: LifeEvent, hearing: Hearing) -> Effect:
    """The households of both are asked what has changed by a marriage, a divorce, another guardian."""
    return invited(connection, event, event.persons, hearing)


def invited(connection: Connection, event: LifeEvent, persons: Sequence[str], hearing: Hearing) -> Effect:
    """Asks the households of these persons, each once."""
    households = sorted({found for each in persons if (found := household_of(connection, each))})
    told = [invite(connection, event, each, hearing) for each in households]
    return Effect("invited" if any(told) else "nothing")


def sent_on(queues: frozenset[str], otherwise: str = "nobody") -> str:
    """The outcome where cases that waited may have been sent on."""
    return "sent_on" if queues else otherwise


KINDS: Mapping[str, Apply] = {
    "birth": birth,
    "death": death,
    "marriage": of_both,
    "divorce": of_both,
    "guardian_changed": of_both,
    "name_changed": renamed,
    "corrected": corrected,
    "merged": merged,
    "merge_undone": merge_undone,
}
