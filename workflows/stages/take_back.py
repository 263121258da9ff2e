"""The population register took back what it had told of a person: a case that it opened by that ends."""

from models.errors import Refused
from workflows.casefile import CaseFile
from workflows.events.update import RegisterTookBack
from workflows.evidence import LifeEventHeard


def decide(case: CaseFile, heard: LifeEventHeard) -> RegisterTookBack:
    """Nothing of it has changed anything yet. Raises Refused for what the household declared itself."""
    if not case.body.by_register:
        raise Refused("not_possible_now", "The household declared this change itself.")
    return RegisterTookBack()
