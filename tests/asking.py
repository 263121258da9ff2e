"""Partners of the population register for tests, and the questions that they sign and send over HTTP."""

import json
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
from joserfc.jwk import OKPKey

from models import clock
from models.database import transaction
from workflows.population import partners
from workflows.population.partners import Key
from workflows.population.policies import POLICIES, Policy
from workflows.population.signatures import new_key, public_key, sign
from workflows.registers.enrol import enrol

COMPARISONS, RECORDS, EVENTS = (f"/population/v1/{each}" for each in ("comparisons", "records", "events"))
SALMA = {
    "idcs": "4127730916",
    "given_name_ar": "سلمى",
    "family_name_ar": "العلوي",
    "given_name_la": "Salma",
    "family_name_la": "Alaoui",
    "birth_date": "1986-08-16",
    "birth_precision": "day",
    "sex": "female",
    "status": "alive",
}
BRAHIM = {
    **SALMA,
    "idcs": "9043320513",
    "given_name_ar": "إبراهيم",
    "family_name_ar": "بنعلي",
    "given_name_la": "Brahim",
    "family_name_la": "Benali",
    "birth_date": "1951-01-01",
    "birth_precision": "year",
    "sex": "male",
    "status": "deceased",
}
ASKED = ("idcs", "given_name_ar", "family_name_ar", "given_name_la", "family_name_la", "birth_date", "birth_precision")


def enrolled(*people: dict[str, Any]) -> None:
    """The register knows these people."""
    assert enrol(dict(each) for each in people) == len(people)


def asked(person: dict[str, Any], ref: str = "0", **changes: Any) -> dict[str, Any]:
    """A person as a question has them; a field that is None is left out."""
    given = {"ref": ref, **{name: person[name] for name in ASKED}, **changes}
    return {name: value for name, value in given.items() if value is not None}


@dataclass
class Asker:
    """A partner with its key, and where the register is."""

    url: str
    name: str
    key: OKPKey = field(default_factory=new_key)

    def body(self, people: list[dict[str, Any]], **changes: Any) -> dict[str, Any]:
        """A question about these people."""
        now = clock.now().isoformat()
        given = {"id": str(uuid4()), "at": now, "purpose": "registration", "basis": "law 72-18", "people": people}
        return {name: value for name, value in {**given, **changes}.items() if value is not None}

    def post(self, path: str, body: Any, **headers: str) -> httpx.Response:
        """Signs a body and sends it; `headers` replace those that belong there, and an empty one takes it away."""
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        given = {"sijil-partner": self.name, "signature": sign(sent, self.key, path, clock.now()), **headers}
        return httpx.post(self.url + path, content=sent, headers={k: v for k, v in given.items() if v}, timeout=30)

    def compare(self, *people: dict[str, Any], **changes: Any) -> httpx.Response:
        """Asks about these people."""
        return self.post(COMPARISONS, self.body(list(people), **changes))

    def records(self, *idcs: str, **changes: Any) -> httpx.Response:
        """Asks what is stored of these."""
        given = {"id": str(uuid4()), "at": clock.now().isoformat(), "purpose": "review", "officer": "officer:0123abcd"}
        return self.post(RECORDS, {**given, "idcs": list(idcs), **changes})

    def events(self, after: int = 0, limit: int = 500, **header: str) -> httpx.Response:
        """Asks for life events."""
        path = f"{EVENTS}?after={after}&limit={limit}"
        signature = sign(b"", self.key, path, clock.now(), header.get("jti", str(uuid4())))
        return httpx.get(self.url + path, headers={"sijil-partner": self.name, "signature": signature}, timeout=30)


def a_partner(url: str, name: str, policy: Policy | str, rate: int = 100_000) -> Asker:
    """A partner with this policy and a key of its own."""
    made = Asker(url, name)
    chosen = POLICIES[policy] if isinstance(policy, str) else policy
    kid, x = public_key(json.dumps(made.key.as_dict(private=False)))
    with transaction() as connection:
        partner = partners.add(connection, name, chosen, rate, clock.now())
        partners.add_key(connection, partner, Key(kid, x, clock.now()))
        connection.execute("update partner set allowance = 1000000 where name = %s", [name])
    return made


def error(response: httpx.Response) -> tuple[int, str, str]:
    """The status of an error, its code and its place."""
    said = response.json()["error"]
    return response.status_code, said["code"], said.get("place", "")
