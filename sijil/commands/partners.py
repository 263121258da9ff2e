"""Commands for the partners of the population register: who may ask, with which keys, and what."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from models import clock
from models.database import Connection, transaction
from models.errors import Refused
from sijil.acting import staff_may
from sijil.commands.arguments import day
from sijil.embedded import population_database
from sijil.output import Json, print_result
from workflows.audit.acts import Act, Purpose
from workflows.intake.files.textfiles import open_to_read
from workflows.population import partners
from workflows.population.partners import Key, Partner
from workflows.population.policies import POLICIES, Policy, read_policy, written
from workflows.population.signatures import public_key
from workflows.staff.guard import Acting
from workflows.staff.noting import Doing, note_act
from workflows.staff.signatures import OPERATOR, OWNER_NAME, pseudonym

RATE = 100  # persons a second
HAND_OVER = 7  # days in which the key before is still good
partner_app = typer.Typer(no_args_is_help=True, help="Keeps the partners that may ask the population register.")
PartnerName = Annotated[str, typer.Argument(metavar="NAME", help="The partner's name: small letters, digits, hyphens.")]
PublicKey = Annotated[Path, typer.Option(dir_okay=False, help="The partner's public key, a JWK of Ed25519.")]
PolicyOption = Annotated[
    str, typer.Option("--policy", help=f"What it may ask: {' or '.join(POLICIES)}, or a file of JSON.")
]
Rate = Annotated[int, typer.Option(min=1, max=partners.MOST_RATE, help="About how many persons a second it may ask.")]


def day_to_come(given: str) -> datetime:
    """Reads a day or a moment that lies ahead. Raises BadParameter for any other."""
    if (moment := day(given)) <= clock.now():
        raise typer.BadParameter(f"{given} is over: the key would never be good.")
    return moment


Until = Annotated[
    datetime | None,
    typer.Option(metavar="DAY", parser=day_to_come, help="Until when the key is good. Default: no end."),
]


@partner_app.command("add")
def add(
    name: PartnerName,
    key: PublicKey,
    policy: PolicyOption,
    rate: Rate = RATE,
    until: Until = None,
    as_json: Json = False,
) -> None:
    """Makes a partner, which may ask at once what its policy allows."""
    chosen, (kid, x) = policy_named(policy), read_key(key)
    with population_database(), transaction() as connection:
        who = staff_may(connection, "change_partners")
        made = partners.add(connection, name, chosen, rate, clock.now())
        partners.add_key(connection, made, Key(kid, x, clock.now(), until))
        note_change(connection, who, made, "added", kid=kid)
    print_result({"name": name, "kid": kid, "rate": rate}, as_json, f"{name} may ask, with the key {kid}")


@partner_app.command("list")
def list_partners(as_json: Json = False) -> None:
    """Lists the partners with their policies and keys."""
    with population_database(), transaction() as connection:
        staff_may(connection, "read_partners")
        found = [summary(connection, each) for each in partners.all_partners(connection)]
    lines = [line for each in found for line in lines_of(each)]
    print_result({"partners": found}, as_json, *(lines or ["no partner: nobody may ask"]))


@partner_app.command("revoke")
def revoke(
    name: PartnerName,
    kid: Annotated[str, typer.Option(help="This key alone. Default: the partner, for ever.")] = "",
    as_json: Json = False,
) -> None:
    """Refuses at once whatever a partner asks, or what it signs with one of its keys."""
    with population_database(), transaction() as connection:
        who, partner = partner_to_change(connection, name)
        if kid:
            partners.revoke_key(connection, partner, kid, clock.now())
        else:
            partners.revoke(connection, partner, clock.now())
        note_change(connection, who, partner, "key_revoked" if kid else "revoked", kid=kid)
    print_result({"name": name, "revoked": kid or name}, as_json, f"{kid or name} is refused from now on")


@partner_app.command("rotate")
def rotate(
    name: PartnerName,
    key: PublicKey,
    days: Annotated[int, typer.Option(min=0, max=365, help="For how long the keys before are still good.")] = HAND_OVER,
    until: Until = None,
    as_json: Json = False,
) -> None:
    """Gives a partner a new key. Its other keys end some days later, so that it can change over in peace."""
    kid, x = read_key(key)
    with population_database(), transaction() as connection:
        who, partner = partner_to_change(connection, name)
        now = clock.now()
        partners.add_key(connection, partner, Key(kid, x, now, until))
        ending = partners.end_other_keys(connection, partner, kid, now + timedelta(days=days))
        note_change(connection, who, partner, "key_added", kid=kid)
    said = f"{name} may sign with {kid}; {ending} other keys end in {days} days at the latest"
    print_result({"name": name, "kid": kid, "ending": ending}, as_json, said)


@partner_app.command("policy")
def policy(
    name: PartnerName,
    policy: Annotated[str, typer.Option(help=f"The new one: {' or '.join(POLICIES)}, or a file of JSON.")] = "",
    rate: Annotated[int | None, typer.Option(min=1, max=partners.MOST_RATE, help="Persons a second.")] = None,
    as_json: Json = False,
) -> None:
    """Shows what a partner may ask, and changes it."""
    chosen = policy_named(policy) if policy else None
    with population_database(), transaction() as connection:
        if chosen or rate:
            who, partner = partner_to_change(connection, name)
            partners.set_policy(connection, partner, chosen or partner.policy, rate or partner.rate)
            note_change(connection, who, partner, "policy_changed")
        else:
            staff_may(connection, "read_partners")
        found = partners.find(connection, name)
    shown: dict[str, Any] = json.loads(written(found.policy))
    lines = [f"{field}: {', '.join(value) if isinstance(value, list) else value}" for field, value in shown.items()]
    print_result({"name": name, "policy": shown, "rate": found.rate}, as_json, *lines, f"rate: {found.rate} persons/s")


def policy_named(text: str) -> Policy:
    """A policy by its name, or from a file. Raises Refused."""
    if text in POLICIES:
        return POLICIES[text]
    if not Path(text).exists():
        raise Refused("no_policy", f"{text!r} is no file of JSON, and no policy: these are {', '.join(POLICIES)}.")
    with open_to_read(Path(text)) as file:
        return read_policy(file.read())


def read_key(path: Path) -> tuple[str, str]:
    """The kid and the public key in a file. Raises Refused."""
    with open_to_read(path) as file:
        try:
            return public_key(file.read())
        except ValueError as error:
            raise Refused("bad_key", f"{path}: {error}") from None


def partner_to_change(connection: Connection, name: str) -> tuple[Acting, Partner]:
    """Who acts and the partner that they change, where they may. Raises NotFound and Refused."""
    return staff_may(connection, "change_partners"), partners.find(connection, name)


def note_change(connection: Connection, who: Acting, partner: Partner, what: str, kid: str = "") -> None:
    """Notes in the audit that somebody changed a partner, and what of it."""
    detail: dict[str, str | int | bool] = {"partner": partner.name, "what": what, **({"kid": kid} if kid else {})}
    doing = Doing(Act.CHANGE_PARTNERS, clock.now(), purpose=Purpose.OPERATION, detail=detail)
    name = who.name or OWNER_NAME
    note_act(connection, pseudonym(OPERATOR, name), name, doing)


def summary(connection: Connection, partner: Partner) -> dict[str, Any]:
    """A partner as --json shows it."""
    return {
        "name": partner.name,
        "policy": json.loads(written(partner.policy)),
        "rate": partner.rate,
        "revoked_at": partner.revoked_at,
        "keys": [
            {"kid": each.kid, "from": each.valid_from, "until": each.valid_until, "revoked_at": each.revoked_at}
            for each in partners.keys_of(connection, partner)
        ],
    }


def lines_of(partner: dict[str, Any]) -> list[str]:
    """The lines that show a partner."""
    told = partner["policy"]["answers"].replace("_", " or ")
    revoked = f" - revoked {partner['revoked_at']:%F}" if partner["revoked_at"] else ""
    return [
        f"{partner['name']}: {told}, {partner['rate']} persons/s{revoked}",
        *[f"  {each['kid']} from {each['from']:%F}{end_of(each)}" for each in partner["keys"]],
    ]


def end_of(key: dict[str, Any]) -> str:
    """When a key ended or ends, if it does."""
    if key["revoked_at"]:
        return f", revoked {key['revoked_at']:%F}"
    return f" until {key['until']:%F}" if key["until"] else ""
