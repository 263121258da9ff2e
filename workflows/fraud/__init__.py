"""Reasons for a person to look, one file each, all of one shape.

`signal(case, answer)` is what raises it (None: nothing); `WHY` a person should look, and what may be `INNOCENT` in it; whether it
`NEEDS_A_PERSON` or is only noted.
"""

from types import ModuleType

from workflows.fraud import person_in_two_households, phone_shared

# In the order in which an event lists them.
SIGNALS: dict[str, ModuleType] = {each.CODE: each for each in (person_in_two_households, phone_shared)}
