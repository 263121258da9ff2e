"""What somebody may do with an appeal now: the acts that its stage would take from them. Nothing is recorded."""

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any

from models.errors import Refused
from workflows.appeals.reasons import ASKED, RETURNED, UPHELD
from workflows.casefile import CaseFile
from workflows.casework.appeal_view import AppealView
from workflows.events.appeal import Finding
from workflows.evidence import (
    Agreement,
    AppealVerdict,
    Assignment,
    CorrectionRetry,
    Escalation,
    Evidence,
    HandBack,
    InformationRequest,
    Statement,
)
from workflows.flows import PARKED, stage_of
from workflows.policies import newest_terms
from workflows.staff.rights import RIGHTS

COLLEAGUE = "officer:colleague"  # whom no appeal knows


def forms(view: AppealView, actor: str, role: str, now: datetime) -> Iterator[tuple[str, Evidence]]:
    """Every act on an appeal by its right, with a form as somebody would give it to the stage."""
    findings = tuple(Finding(path, True, UPHELD[0]) for path in view.appeal.paths)
    by: dict[str, Any] = {"at": now, "by": actor}
    yield "take_case", Assignment(**by, to=actor, role=role)
    yield "assign_case", Assignment(**by, to=COLLEAGUE, role=role)
    yield "hand_back", HandBack(**by, role=role)
    yield "ask_information", InformationRequest(**by, asked=ASKED[:1], role=role)
    yield (
        "propose_decision",
        AppealVerdict(**by, findings=findings, role=role, terms=newest_terms().version),
    )
    yield "agree_to_decision", Agreement(**by, agrees=True, role=role)
    yield "return_decision", Agreement(**by, agrees=False, role=role, reason=RETURNED[0])
    yield "escalate", Escalation(**by, role=role)
    yield "add_text", Statement(**by, digest="")
    yield "retry_correction", CorrectionRetry(**by, role=role, under_way=False)


def possible_acts(view: AppealView, actor: str, roles: Collection[str], now: datetime) -> dict[str, str]:
    """The acts that this person may do now, each with the first of their roles that may."""
    if view.file.stage == PARKED:
        return {}
    found: dict[str, str] = {}
    for role in roles:
        for act, form in forms(view, actor, role, now):
            if act not in found and role in RIGHTS[act] and would_take(view.file, form):
                found[act] = role
    return found


def would_take(file: CaseFile, form: Evidence) -> bool:
    """Whether the appeal's stage would take this form."""
    decide = stage_of(file.kind, file.stage).handlers.get(type(form))
    try:
        return decide is not None and bool(decide(file, form))
    except Refused:
        return False
