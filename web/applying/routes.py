"""Every page of an application. Of two handlers of one address, those for a fixed word come first."""

from web.applying import changing, correcting, household, members, proving, sending, start, visit

ERRORS = visit.ERRORS
HANDLERS = [
    *changing.HANDLERS,
    *correcting.HANDLERS,
    *start.HANDLERS,
    *members.HANDLERS,
    *sending.HANDLERS,
    *proving.HANDLERS,
    *household.HANDLERS,
]
