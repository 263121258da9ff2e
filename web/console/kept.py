"""What somebody had typed when their session ended: kept for their next sign-in, and shown to nobody else."""

import json
from datetime import datetime, timedelta
from typing import Any

from litestar import Request

from models import clock
from models.database import transaction
from web.console.cookies import SESSION
from web.console.forms import Form, has_token
from workflows.staff.sessions import account_of, digest_of

FOR = timedelta(days=1)
KEEP = """
    insert into kept_form (account_id, address, fields, kept_at) values (%s, %s, %s, %s)
    on conflict (account_id) do update
        set address = excluded.address, fields = excluded.fields, kept_at = excluded.kept_at
"""
TAKE = "delete from kept_form where account_id = %s returning address, fields, kept_at"


def keep_typed(request: Request[Any, Any, Any], address: str) -> bool:
    """Keeps a form of a page of a session that has ended, for the account whose session it was; whether it did."""
    fields, token = list(request.state.form.typed()), request.cookies.get(SESSION, "")
    if not fields or not has_token(request.state.form, digest_of(token)):
        return False
    with transaction() as connection:
        account_id = account_of(connection, token)
        if account_id is None:
            return False
        connection.execute(KEEP, [account_id, address, json.dumps(fields, ensure_ascii=False), clock.now()])
    return True


def take_typed(account_id: int, address: str, now: datetime) -> Form:
    """What was kept for this page, once; an empty form where nothing was."""
    with transaction() as connection:
        row = connection.execute(TAKE, [account_id]).fetchone()
    if row is None or row[0].partition("?")[0] != address or now - row[2] > FOR:
        return Form()
    return Form(tuple((name, value) for name, value in row[1]))
