"""Reasons for a person to look, one file each: what raises it, why a person should look, and what may be innocent in it."""

from types import ModuleType

from workflows.fraud import person_in_two_households, phone_shared

SIGNALS: dict[str, ModuleType] = {each.CODE: each for each in (person_in_two_households, phone_shared)}
