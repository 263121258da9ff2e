"""What somebody typed into a form, kept for the page that goes on with it, and shown to nobody else.

That is the page that it was typed on, where their session ended meanwhile; and the page that shows what a decision
would say, which so has an address of its own: who goes back to it is not asked to send a form again.
"""

import json
from datetime import timedelta
from typing import Any

from litestar import Request

from models import clock
from models.database import Connection, transaction
from web.console.cookies import SESSION
from web.console.forms import Form, has_token
from web.console.pages import reader_of
from workflows.staff.sessions import account_of, digest_of

FOR = timedelta(days=1)
KEEP = """
    insert into kept_form (account_id, address, fields, kept_at) values (%s, %s, %s, %s)
    on conflict (account_id, address) do update set fields = excluded.fields, kept_at = excluded.kept_at
"""
READ = "select fields from kept_form where account_id = %s and address = %s and kept_at > %s"
DROP = "delete from kept_form where account_id = %s and address = %s"
Asked = Request[Any, Any, Any]


def keep_of_ended(request: Asked, address: str) -> bool:
    """Keeps a form of a page of a session that has ended, for the account whose session it was; whether it did."""
    token = request.cookies.get(SESSION, "")
    if not has_token(request.state.form, digest_of(token)):
        return False
    with transaction() as connection:
        account_id = account_of(connection, token)
        return account_id is not None and keep(connection, account_id, address, request.state.form)


def keep_typed(request: Asked, address: str) -> None:
    """Keeps the form that came, for the reader's page at this address."""
    with transaction() as connection:
        keep(connection, reader_of(request).account or 0, address, request.state.form)


def keep(connection: Connection, account_id: int, address: str, form: Form) -> bool:
    """Keeps what was typed into a form; whether anything was."""
    fields = list(form.typed())
    if fields:
        connection.execute(KEEP, [account_id, address, json.dumps(fields, ensure_ascii=False), clock.now()])
    return bool(fields)


def read_typed(request: Asked, address: str) -> Form:
    """What the reader typed for the page at this address; an empty form where nothing is kept."""
    with transaction() as connection:
        given = [reader_of(request).account, address, clock.now() - FOR]
        row = connection.execute(READ, given).fetchone()
    return Form(tuple((name, value) for name, value in row[0])) if row else Form()


def take_typed(request: Asked, address: str) -> Form:
    """The same, once."""
    found = read_typed(request, address)
    drop_typed(request, address)
    return found


def drop_typed(request: Asked, address: str) -> None:
    """Keeps it no longer: the page has gone on."""
    with transaction() as connection:
        connection.execute(DROP, [reader_of(request).account, address])
