"""Reasons for a person to look, one file each: what raises it, and what may be innocent in it."""

from workflows.fraud import person_in_two_households, phone_shared

INNOCENT = {each.CODE: each.INNOCENT for each in (person_in_two_households, phone_shared)}
