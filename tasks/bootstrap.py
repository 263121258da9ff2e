"""Wires the engine to the rest: the population register that the settings name, the notices, the wakes."""

from importlib import import_module

from models.errors import Unavailable
from models.settings import settings
from notifications.notices import notices
from tasks.wake import wake_after_intake
from workflows.intake.importing import Intake
from workflows.registers.ports import Adapters


def adapters() -> Adapters:
    """The engine's adapters, by the settings. Raises Unavailable if the register that they name cannot be loaded."""
    module, _, name = settings().population_register.partition(":")
    try:
        register = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise Unavailable(
            f"SIJIL_POPULATION_REGISTER names {settings().population_register}, which cannot be loaded: {error}"
        ) from error
    return Adapters(register, notices)


def intake() -> Intake:
    """The intake of an import."""
    return Intake(notices, wake_after_intake)
