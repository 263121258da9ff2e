"""Examples of what the API is sent and answers, for those who read its document; tests hold them to the models."""

from collections.abc import Mapping
from typing import Any

REFERENCE, SECRET = "RSU-7K3M-9QWX-2D5T", "7GQ4M2X9TB"
DECLARATION: dict[str, Any] = {
    "milieu": "urban",
    "region": 6,
    "commune": "Mohammedia",
    "phone": "06 23 45 67 89",
    "language": "fr",
    "housing": {"dwelling": "flat", "rooms": 2, "bath_or_shower": True},
    "belongings": {"mobile_phones": 1},
    "bills": {"gas": "50", "water_electricity": ["180.50"], "telecom": "30"},
    "members": [
        {
            "idcs": "9000000127",
            "given_name_la": "Nadia",
            "family_name_la": "Tazi",
            "birth_date": "1983-06-17",
            "sex": "female",
            "relationship": "head",
            "declarant": True,
            "occupation": "employee",
            "earns_income": True,
        },
        {
            "idcs": "9000000136",
            "given_name_la": "Adam",
            "family_name_la": "Tazi",
            "birth_date": "2013-12-02",
            "sex": "male",
            "relationship": "child",
            "schooling": "public",
        },
    ],
}
# By the name of the model of the body.
BODIES: Mapping[str, dict[str, Any]] = {
    "ApplicationBody": {"application": "example/0001", **DECLARATION},
    "Answer": {"secret": SECRET, "kind": "statement", "statement": "Nous habitons seuls.", "version": 4},
    "SentChange": {
        "secret": SECRET,
        "change": "bills",
        "true_from": "2026-11-24",
        "based_on": 1,
        "declaration": DECLARATION | {"bills": {"gas": "50", "water_electricity": ["180.50"], "telecom": "60"}},
    },
    "AppealBody": {
        "reference": REFERENCE,
        "secret": SECRET,
        "decision": "index",
        "grounds": ["value_wrong"],
        "contested": [{"path": "bills.telecom", "should_be": "49.50"}],
        "text": "La facture le montre.",
    },
    "EnrolmentBody": {
        "application": "example/0002",
        "given_name_ar": "نادية",
        "family_name_ar": "التازي",
        "given_name_la": "Nadia",
        "family_name_la": "Tazi",
        "birth_date": "1983-06-17",
        "birth_place": "Fès",
        "sex": "female",
        "proof": "cin",
        "cin": "C123456",
        "region": 3,
        "phone": "06 23 45 67 89",
        "language": "fr",
    },
    "AddedText": {"secret": SECRET, "text": "La facture est de 49,50 DH.", "version": 5},
    "Withdrawal": {"secret": SECRET, "version": 5},
    "Escalation": {"secret": SECRET, "version": 5},
    "DeliveryReports": {"reports": [{"id": "8f3c2a91", "state": "delivered"}]},
}
RECEIPT = {"reference": REFERENCE, "secret": SECRET, "page": f"/fr/status/{REFERENCE}", "repeated": False}
# By the schema of the answer.
ANSWERS: Mapping[str, dict[str, Any]] = {
    "Receipt": RECEIPT,
    "ReportsTaken": {"reports": 1},
    "Answered": {"event": "StatementReceived", "stage": "under_review", "version": 5},
    "ApplicationStatus": {
        "reference": REFERENCE,
        "kind": "registration",
        "stage": "needs_correction",
        "version": 2,
        "submitted_at": "2026-11-24T09:30:00Z",
        "stage_since": "2026-11-24T09:30:02Z",
        "deadline": "2026-12-24T09:30:02Z",
        "reasons": [{"field": "members[1]", "reason": "birth_date_differs", "differs": ["year"]}],
        "household_version": None,
        "based_on": None,
        "conflicts": [],
        "registered": None,
    },
    "ProblemDocument": {
        "type": "urn:sijil:problem:not_valid",
        "title": "Unprocessable Content",
        "status": 422,
        "detail": "The request is not valid; problems names each field.",
        "code": "not_valid",
        "problems": [{"field": "housing.rooms", "message": "Must be at least 1."}],
    },
}
