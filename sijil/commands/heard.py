"""Commands for the life events that the social register hears from the population register."""

from dataclasses import replace
from typing import Annotated, Any

import typer

from models import clock
from models.database import transaction
from models.life_feed import ELSEWHERE, HERE
from models.settings import settings
from sijil.acting import in_role, name_of, staff_may
from sijil.commands.arguments import Name
from sijil.embedded import needed_servers
from sijil.output import Json, print_result
from tasks.listening import hearing
from workflows.audit.acts import Act
from workflows.audit.pseudonyms import IDCS, pseudonyms
from workflows.heard import aside, feed, watching
from workflows.staff.noting import Doing, note_reading
from workflows.staff.signatures import OPERATOR, sign

app = typer.Typer()
heard_app = typer.Typer(
    no_args_is_help=True, help="Shows how far the population register's life events are applied, and what is set aside."
)
app.add_typer(heard_app, name="life-events")
Position = Annotated[int, typer.Argument(metavar="POSITION", min=1, help="Its position in the feed.")]
TEND = "tend_life_events"


@heard_app.command("status")
def status(as_json: Json = False) -> None:
    """Shows how far each feed is applied, what came of its events, and whether it is halted."""
    with needed_servers(), transaction() as connection:
        staff_may(connection, "read_life_events")
        found, counts = watching.feeds(connection), watching.set_aside(connection)
    lines = [line for each in found for line in feed_lines(each)] or ["no life event was heard of yet"]
    lines.append(f"set aside for a person: {counts['aside']}; waiting for cases to end: {counts['waiting']}")
    print_result({"feeds": found, **counts}, as_json, *lines)


def feed_lines(found: dict[str, Any]) -> list[str]:
    """A feed in words."""
    came = ", ".join(f"{name} {count}" for name, count in sorted(found["counts"].items())) or "nothing yet"
    heard = f", the last at {found['heard_at']:%F %R}" if found["heard_at"] else ""
    lines = [f"{found['source']}: applied to position {found['cursor']}{heard}: {came}"]
    if found["halted"]:
        lines.append(f"  halted since {found['halted_at']:%F %R} ({found['halted']}): {found['means']}")
        lines.append(f"  once that is clear: sijil life-events begin --behind {found['cursor']}")
    return lines


@heard_app.command("aside")
def list_aside(
    most: Annotated[int, typer.Option("--limit", min=1, help="How many to show.")] = 100, as_json: Json = False
) -> None:
    """Lists the events that could not be applied, with the reason of each."""
    with needed_servers(), transaction() as connection:
        staff_may(connection, "read_life_events")
        found = aside.listed(connection, most)
    lines = [f"{each.position:>8}  {each.kind:<17}{each.since:%F %R}  {each.reason}" for each in found]
    print_result({"aside": [each._asdict() for each in found]}, as_json, *(lines or ["nothing is set aside"]))


@heard_app.command("show")
def show(position: Position, name: Name = "", as_json: Json = False) -> None:
    """Shows an event that was set aside, and whom it is about. That is noted."""
    with needed_servers(), transaction() as connection:
        who, role = in_role(connection, TEND, name)
        _, event = aside.read(connection, position)
        doing = Doing(Act.READ_PERSON, clock.now(), role=role, detail={"life_event": position})
        note_reading(connection, replace(who, name=name_of(who, OPERATOR)), doing, pseudonyms(IDCS, event.persons))
    told = {"position": position, "kind": event.kind, "at": event.at, "on": event.on}
    about = {"person": event.idcs or None, "other": event.other, "fields": list(event.fields), "flaw": event.flaw}
    lines = [f"{key}: {value}" for key, value in {**told, **about}.items() if value]
    print_result({**told, **about}, as_json, *lines)


@heard_app.command("retry")
def retry(position: Position, name: Name = "", as_json: Json = False) -> None:
    """Applies an event once more that was set aside, once what held it up is mended."""
    with needed_servers(), transaction() as connection:
        who, role = in_role(connection, TEND, name)
        source, event = aside.take_aside(connection, position)
        effect = feed.apply(connection, event, hearing(source, again=True), patient=False)
        doing = Doing(Act.TEND_LIFE_EVENTS, clock.now(), role=role, detail={"life_event": position, "done": "retried"})
        note_reading(connection, replace(who, name=name_of(who, OPERATOR)), doing)
    print_result({"position": position, "outcome": effect.outcome}, as_json, f"position {position}: {effect.outcome}")


@heard_app.command("settle")
def settle(position: Position, name: Name = "", as_json: Json = False) -> None:
    """Says that somebody has seen to an event by hand; whom it was about is forgotten here."""
    with needed_servers(), transaction() as connection:
        who, role = in_role(connection, TEND, name)
        signed = name_of(who, OPERATOR)
        aside.settle(connection, position, sign(connection, OPERATOR, signed), clock.now())
        doing = Doing(Act.TEND_LIFE_EVENTS, clock.now(), role=role, detail={"life_event": position, "done": "settled"})
        note_reading(connection, replace(who, name=signed), doing)
    print_result({"position": position, "outcome": "settled"}, as_json, f"position {position} is settled")


@heard_app.command("begin")
def begin(
    behind: Annotated[int, typer.Option(min=0, help="The position behind which to go on; 0: from the beginning.")],
    name: Name = "",
    as_json: Json = False,
) -> None:
    """Goes on behind a position, whatever stands there now: after the register lost events, or was replaced.

    What lies between is passed over, or applied once more: cases that an event opened are not opened again.
    """
    source = ELSEWHERE if settings().population_url else HERE
    with needed_servers(), transaction() as connection:
        who, role = in_role(connection, TEND, name)
        watching.begin_behind(connection, source, behind)
        doing = Doing(Act.TEND_LIFE_EVENTS, clock.now(), role=role, detail={"life_event": behind, "done": "begun"})
        note_reading(connection, replace(who, name=name_of(who, OPERATOR)), doing)
    print_result({"source": source, "cursor": behind}, as_json, f"{source}: goes on behind position {behind}")
