"""Who holds an appeal, who may act on it, and from when its term counts."""

from datetime import datetime
from typing import Literal, NamedTuple, get_args

from models.errors import Refused
from workflows.casefile import CaseFile
from workflows.events.appeal import (
    AppealAssigned,
    AppealQueued,
    CommissionFound,
    DecisionProposed,
    Finding,
    FindingReturned,
    HandedBack,
    InformationAsked,
    InformationGiven,
    InformationNotGiven,
    ProposalReturned,
    ProposalUnanswered,
    TakenOver,
)
from workflows.events.event import Event

Role = Literal["caseworker", "supervisor", "commission"]
CASEWORKER, SUPERVISOR, COMMISSION = "caseworker", "supervisor", "commission"
ASSIGNING: tuple[type[Event], ...] = (AppealAssigned, TakenOver, HandedBack)
Begun = (
    AppealQueued
    | AppealAssigned
    | HandedBack
    | InformationAsked
    | InformationGiven
    | InformationNotGiven
    | DecisionProposed
    | ProposalReturned
    | ProposalUnanswered
)
BEGUN: tuple[type[Event], ...] = get_args(Begun)


class Proposal(NamedTuple):
    """A decision on an appeal that waits for a second person, and the pseudonym of who proposed it."""

    by: str
    outcome: str
    findings: tuple[Finding, ...]


def term_began(case: CaseFile) -> datetime:
    """The moment from which the term of the answer counts; every event that changes it says so."""
    event = case.latest(*BEGUN).event
    assert isinstance(event, Begun)
    return event.begun


def term_goes_on(case: CaseFile, now: datetime) -> datetime:
    """The moment from which the term counts once it has stood still while the citizen was asked."""
    return case.last(InformationAsked).begun + (now - case.past[InformationAsked].at)


def holder(case: CaseFile) -> str | None:
    """The pseudonym of the caseworker who holds the appeal; None where nobody does."""
    if not any(kind in case.past for kind in ASSIGNING):
        return None
    event = case.latest(*ASSIGNING).event
    return event.to if isinstance(event, AppealAssigned | TakenOver) else None


def proposers(case: CaseFile) -> tuple[str, ...]:
    """Who proposed a decision on this appeal, each once, by their pseudonyms."""
    if DecisionProposed not in case.past:
        return ()
    last = case.past[DecisionProposed].actor
    return tuple(dict.fromkeys((*case.last(DecisionProposed).before, last)))


def waiting_proposal(case: CaseFile) -> Proposal | None:
    """The decision that waits for a second person; None where none does.

    In the commission it is the last one that a member found, unless it was returned since.
    """
    kinds = {"proposed": (DecisionProposed,), "with_commission": (CommissionFound, FindingReturned)}.get(case.stage, ())
    if not any(kind in case.past for kind in kinds):
        return None
    last = case.latest(*kinds)
    if not isinstance(last.event, DecisionProposed | CommissionFound):
        return None
    return Proposal(last.actor, last.event.outcome, last.event.findings)


def may_not_decide(case: CaseFile) -> tuple[str, ...]:
    """The pseudonyms of those who may not decide now, each once.

    They took the contested decision, or proposed the one that waits; in the commission, or any one before it.
    """
    waiting = waiting_proposal(case)
    before = proposers(case) if case.stage == "with_commission" else ()
    return tuple(dict.fromkeys((*case.body.decided_by, *before, *((waiting.by,) if waiting else ()))))


def require_impartial(case: CaseFile, *actors: str) -> None:
    """Raises Refused where one of these people took the contested decision."""
    if set(actors) & set(case.body.decided_by):
        raise Refused(
            "took_the_decision",
            "Who took the contested decision may not hold or decide the appeal against it. `sijil appeals show` names "
            "who may not.",
        )


def require_role(role: str, *needed: str) -> None:
    """Raises Refused for a role that may not do this."""
    if role not in needed:
        raise Refused("another_role", f"Only a {' or a '.join(needed)} may do this, and you act as a {role}.")


def require_member(case: CaseFile, actor: str, role: str) -> None:
    """Raises Refused unless the actor is of the commission and had no part in the appeal or its decision before."""
    require_role(role, COMMISSION)
    require_impartial(case, actor)
    if actor in proposers(case):
        raise Refused("needs_second_person", "Who proposed a decision on this appeal may not decide in the commission.")


def require_holder(case: CaseFile, actor: str, role: str) -> None:
    """Raises Refused unless the actor holds the appeal; once it is overdue, any supervisor may act as well."""
    require_impartial(case, actor)
    if case.stage == "with_supervisor" and role == SUPERVISOR:
        return
    if holder(case) != actor:
        raise Refused(
            "not_the_holder", "Another caseworker holds this appeal, or nobody does: take it first (appeals assign)."
        )
