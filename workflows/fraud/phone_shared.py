"""Many households give one phone. Only noted: in a douar it is normal."""

from workflows.events import Signal

CODE = "phone_shared"
WHY = "many households give one phone"
INNOCENT = "one phone serves a family or a hamlet, a helper or an office fills in forms with its own number"
FROM_HOUSEHOLDS = 4


def signal(households: int) -> Signal | None:
    """How many households gave it, this one included."""
    return Signal(code=CODE, count=households) if households >= FROM_HOUSEHOLDS else None
