"""What the engine is handed: the population register that the settings name, and what people are told."""

from importlib import import_module

from models.errors import Unavailable
from models.settings import settings
from notifications.notices import notices
from tasks.wake import wake_after_intake
from workflows.intake.importing import Intake
from workflows.registers.ports import Adapters


def adapters() -> Adapters:
    """As the settings say. Raises Unavailable where the register they name is not there."""
    module, _, name = settings().population_register.partition(":")
    try:
        register = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise Unavailable(
            f"SIJIL_POPULATION_REGISTER names {settings().population_register}, which cannot be loaded: {error}"
        ) from error
    return Adapters(register, notices)


def intake() -> Intake:
    """What an import is handed."""
    return Intake(notices, wake_after_intake)
