"""Commands about the people of the local population register: who may be registered twice."""

from dataclasses import replace
from datetime import date
from functools import partial
from typing import Annotated

import typer

from models import clock
from models.database import Connection, transact, transaction
from models.errors import NotFound, Refused
from models.population import Sex
from sijil.acting import InRole, in_role, name_of, servers_for
from sijil.commands.arguments import Name
from sijil.embedded import needed_servers
from sijil.output import Json, print_result
from workflows.audit import pseudonyms
from workflows.audit.acts import Act
from workflows.bodies import reading
from workflows.bodies.fields import Phone
from workflows.identifiers.typed import require_identifier
from workflows.matching.births import DAY, YEAR, Birth
from workflows.matching.duplicates.record import FIELDS, Record, record_from
from workflows.matching.duplicates.wording import ZONES, sentence
from workflows.registers.duplicates import Candidate, Found, likely_duplicates
from workflows.registers.name_shares import count_names
from workflows.registers.person_keys import renew_keys
from workflows.staff.noting import Doing, note_reading
from workflows.staff.signatures import OPERATOR

KNOWN = f"select {', '.join(FIELDS)} from person where idcs = %s"
app = typer.Typer()
persons_app = typer.Typer(no_args_is_help=True, help="Searches the population register for likely duplicates.")
app.add_typer(persons_app, name="persons")


@persons_app.callback()
def group() -> None:
    """Searches the population register for likely duplicates."""


@persons_app.command("duplicates")
def duplicates(
    idcs: Annotated[str, typer.Argument(metavar="IDCS", help="Somebody registered: who else may be this person?")] = "",
    given_ar: Annotated[str | None, typer.Option(help="In place of IDCS: the given name in Arabic.")] = None,
    family_ar: Annotated[str | None, typer.Option(help="The family name in Arabic.")] = None,
    given_la: Annotated[str | None, typer.Option(help="The given name in Latin letters.")] = None,
    family_la: Annotated[str | None, typer.Option(help="The family name in Latin letters.")] = None,
    born: Annotated[
        str | None, typer.Option(help="The birth date, YYYY-MM-DD; YYYY where the year alone is known.")
    ] = None,
    sex: Annotated[Sex | None, typer.Option(help="female or male.")] = None,
    cin: Annotated[str | None, typer.Option(help="The number of the identity card.")] = None,
    phone: Annotated[str | None, typer.Option(help="The telephone.")] = None,
    commune: Annotated[str | None, typer.Option(help="The commune of the address.")] = None,
    address: Annotated[str | None, typer.Option(help="The address within it.")] = None,
    name: Name = "",
    as_json: Json = False,
) -> None:
    """Searches the register for people who may be the same person, with the reasons, for a person to look at.

    It refuses nobody and merges nothing. It prints identifiers and no other value of anybody.
    """
    number = phone and reading.text(Phone, phone, "phone")
    values = (given_ar, family_ar, given_la, family_la, birth_of(born), sex, cin, number, commune, address)
    found = searched(require_identifier(idcs) if idcs else "", Record._make((*values, None)), name)
    print_result(result_of(found), as_json, *lines_of(found))


def searched(idcs: str, given: Record, name: str) -> Found:
    """Searches for whoever may be somebody registered, or else the person who is given. Raises Refused."""
    if bool(idcs) == (given != Record()):
        raise Refused("person_missing", "Give an identifier, or what is known of a person: --given-la, --born ...")
    if given != Record() and not any(given[:4]):
        raise Refused("no_name", "Give a name, too: --given-ar and --family-ar, or --given-la and --family-la.")
    with needed_servers(), transaction() as connection:
        reader = in_role(connection, Act.SEARCH_PERSONS, name)
        found = likely_duplicates(connection, known(connection, idcs) if idcs else given, (idcs,))
        note(connection, reader, idcs or " ".join(filter(None, given[:4])), by_idcs=bool(idcs))
    return found


def birth_of(typed: str | None) -> Birth | None:
    """A birth date, or a year alone. Raises BadParameter."""
    if typed is None:
        return None
    try:
        if len(typed) == len("1950"):
            return Birth(date(int(typed), 1, 1), YEAR)
        return Birth(date.fromisoformat(typed), DAY)
    except ValueError:
        pass
    raise typer.BadParameter(f"{typed!r} is no birth date: it looks like 1986-08-16, or 1950.")


def known(connection: Connection, idcs: str) -> Record:
    """The record of somebody registered. Raises NotFound."""
    row = connection.execute(KNOWN, [idcs]).fetchone()
    if row is None:
        raise NotFound("The register knows nobody with this identifier.")
    return record_from(row)


def note(connection: Connection, reader: InRole, sought: str, *, by_idcs: bool) -> None:
    """Notes in the audit who searched for whom."""
    who = replace(reader.who, name=name_of(reader.who, OPERATOR))
    persons = [pseudonyms.person(pseudonyms.IDCS if by_idcs else pseudonyms.NAME, sought)]
    note_reading(connection, who, Doing(Act.SEARCH_PERSONS, clock.now(), role=reader.role), persons)


def result_of(found: Found) -> dict[str, object]:
    """What was found, for --json."""
    return {
        "candidates": [
            {
                "idcs": each.idcs,
                "status": each.status,
                "zone": each.zone,
                "bits": round(each.bits, 2),
                "reasons": [
                    {**reason._asdict(), "bits": round(reason.bits, 2), "words": sentence(reason)}
                    for reason in each.reasons
                ],
            }
            for each in found.candidates
        ],
        "compared": found.compared,
        "capped": found.capped,
    }


def lines_of(found: Found) -> list[str]:
    """The same as lines."""
    lines = [line for each in found.candidates for line in lines_of_candidate(each)]
    lines += [] if lines else ["nobody who is registered is likely to be this person"]
    if found.capped:
        lines.append(f"more people share these keys than are looked at: {', '.join(found.capped)}")
    return lines


def lines_of_candidate(candidate: Candidate) -> list[str]:
    """One candidate with the reasons."""
    first = f"{candidate.idcs}  {candidate.bits:+.1f} bits  {ZONES[candidate.zone]}"
    return [first, *(f"  {reason.bits:+6.1f}  {sentence(reason)}" for reason in candidate.reasons)]


@persons_app.command("count-names")
def count_all_names(name: Name = "", as_json: Json = False) -> None:
    """Counts anew how many people have each name, as a daily job does: a seldom name says more than a frequent one."""
    with servers_for(Act.ENROL, name), transaction() as connection:
        names = count_names(connection)
    print_result({"names": names}, as_json, f"{names} names are known with their share")


@persons_app.command("renew-keys")
def renew_all_keys(name: Name = "", as_json: Json = False) -> None:
    """Writes the keys by which duplicates are searched anew, where this version makes others of the same values."""
    after = renewed = 0
    with servers_for(Act.ENROL, name):
        while done := transact(partial(renew_keys, after=after)):
            after, renewed = done[0], renewed + done[1]
    print_result({"renewed": renewed}, as_json, f"the keys of {renewed} persons were written anew")
