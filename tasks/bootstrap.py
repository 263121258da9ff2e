"""What the layers below are handed: the one place where registers and messages are put together."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from importlib import import_module
from typing import Any

from models import clock
from models.database import Connection, transaction
from models.errors import Unavailable
from models.settings import Settings, settings
from notifications.notices import notices
from tasks.wake import wake_after_intake
from workflows.casework.register_changes import register_changed
from workflows.engine.children import LocalCases
from workflows.evidence import RegisteredPerson
from workflows.intake.importing import Intake
from workflows.registers.alike import LikelyDuplicates
from workflows.registers.issuing import LocalIdentifiers
from workflows.registers.ports import Adapters, Ports, RemotePopulation
from workflows.registers.social import LocalSocialRegister
from workflows.staff.signatures import OFFICER, pseudonym

LOCAL, REMOTE = "workflows.registers.population:LocalRegister", "tasks.registers.population:RemoteRegister"


def adapters() -> Adapters:
    """What the engine is handed, as the settings say. Raises Unavailable where the register they name is not there."""
    register, remote = register_of_settings()

    def ports(connection: Connection, now: datetime) -> Ports:
        return Ports(
            now,
            remote or register(connection),
            LocalSocialRegister(connection, now),
            LocalCases(connection, now),
            LikelyDuplicates(connection),
            LocalIdentifiers(connection),
        )

    return Adapters(ports, notices, remote)


def stored_for(officer: str) -> Callable[[Sequence[str]], Mapping[str, RegisteredPerson]]:
    """How the officer of this name reads what the population register keeps of persons.

    A local register reads it in a transaction of its own; one elsewhere is asked with none open. It raises Unavailable
    where the register is not there.
    """

    def stored(idcs: Sequence[str]) -> Mapping[str, RegisteredPerson]:
        register, remote = register_of_settings()
        if remote:
            return remote.asked_by(pseudonym(OFFICER, officer)).stored(idcs)
        with transaction() as connection:
            found: Mapping[str, RegisteredPerson] = register(connection).stored(idcs)
            return found

    return stored


def register_of_settings() -> tuple[Any, RemotePopulation | None]:
    """The class of the population register that the settings name; where it is elsewhere, the one of this process.

    Given a connection, the class of a local one answers. Raises Unavailable where there is none.
    """
    chosen = settings()
    named = chosen.population_register or (REMOTE if chosen.population_url else LOCAL)
    module, _, name = named.partition(":")
    try:
        register = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        text = f"SIJIL_POPULATION_REGISTER names {named}, which cannot be loaded: {error}"
        raise Unavailable(text) from error
    return register, remote_of(register, chosen) if hasattr(register, "from_settings") else None


REMOTES: dict[Any, tuple[Settings, RemotePopulation]] = {}  # by class; made anew with other settings


def remote_of(register: Any, chosen: Settings) -> RemotePopulation:
    """The register elsewhere of this process, whose threads share its connections. Raises Unavailable."""
    if register not in REMOTES or REMOTES[register][0] is not chosen:
        REMOTES[register] = chosen, register.from_settings(chosen)
    return REMOTES[register][1]


def look_again(connection: Connection, idcs: Sequence[str]) -> frozenset[str]:
    """Sends the cases on that wait because of these persons, whom the population register knows otherwise since.

    Returns the queues that have work by that; the sweep wakes them, too. For whoever changes a person of the local
    register, in the same transaction, and for the feed of another one.
    """
    return register_changed(connection, idcs, clock.now(), notices)


def intake() -> Intake:
    """The intake of an import."""
    return Intake(notices, wake_after_intake)
