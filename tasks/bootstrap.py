"""What the layers below are handed: the one place where registers and messages are put together."""

from datetime import datetime
from importlib import import_module
from typing import Any

from models.database import Connection
from models.errors import Unavailable
from models.settings import settings
from notifications.notices import notices
from tasks.wake import wake_after_intake
from workflows.engine.children import LocalCases
from workflows.intake.importing import Intake
from workflows.registers.ports import Adapters, Ports
from workflows.registers.social import LocalSocialRegister


def adapters() -> Adapters:
    """What the engine is handed, as the settings say. Raises Unavailable where the register they name is not there."""
    register = population_register()

    def ports(connection: Connection, now: datetime) -> Ports:
        return Ports(now, register(connection), LocalSocialRegister(connection, now), LocalCases(connection, now))

    return Adapters(ports, notices)


def population_register() -> Any:
    """The class of the register that the settings name: given a connection, it answers. Raises Unavailable."""
    module, _, name = settings().population_register.partition(":")
    try:
        return getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        text = f"SIJIL_POPULATION_REGISTER names {settings().population_register}, which cannot be loaded: {error}"
        raise Unavailable(text) from error


def intake() -> Intake:
    """The intake of an import."""
    return Intake(notices, wake_after_intake)
