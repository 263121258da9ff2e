"""One migrated database for the tests of a process: emptied after each, which takes a fraction of making a new one.

Whatever a test changes of the database itself, such as a constraint, a trigger or a setting, is seen by comparing what
the catalogues say with what they said at first: then the database is dropped, and the next test gets a new one.
"""

import uuid
from collections.abc import Callable

import psycopg

from sijil.embedded.postgres import Postgres

# Everything that a test may leave in the catalogues, but for where the rows of a table are, which emptying moves.
CATALOGUES = """
    select md5(string_agg(said, '|' order by said)) from (
        select concat('n', oid, nspname, nspacl) as said from pg_namespace where nspname !~ '^pg_(toast_)?temp'
        union all select concat('c', oid, relname, relnamespace, relowner, relkind, relchecks, relhastriggers,
            relpersistence, relrowsecurity, reloptions, relacl, relam)
            from pg_class where oid >= 16384 and relname !~ '^pg_toast'
        union all select concat('a', attrelid, attnum, attname, atttypid, attnotnull, atthasdef, attacl)
            from pg_attribute where attrelid >= 16384 and attnum > 0
        union all select concat('k', oid, conname, convalidated) from pg_constraint where oid >= 16384
        union all select concat('i', indexrelid, indisvalid, indisready) from pg_index where indrelid >= 16384
        union all select concat('t', oid, tgname, tgenabled) from pg_trigger where oid >= 16384
        union all select concat('p', oid, md5(prosrc)) from pg_proc where oid >= 16384
        union all select concat('o', oid, polname) from pg_policy
        union all select concat('e', oid, extname, extversion) from pg_extension
        union all select concat('s', setrole, setconfig) from pg_db_role_setting
            where setdatabase = (select oid from pg_database where datname = current_database())
        union all select concat('v', version_num) from alembic_version
    ) as catalogues
"""
# Of the sessions that may stay, those alone that hold nothing.
ALONE = """
    select count(pg_terminate_backend(pid, 5000)) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()
        and not (application_name = %s and state = 'idle' and pid not in (select pid from pg_locks))
"""
# The triggers that keep rows for ever are put aside for it. Statistics of rows that are gone would choose other plans.
EMPTY = """
    do $$
    declare
        each regclass;
        filled text[] := '{}';
        kept record;
        has bool;
    begin
        for each in select oid from pg_class where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace
            and relname <> 'alembic_version'
        loop
            execute format('select exists (select from %s)', each) into has;
            if has then
                filled := filled || each::text;
            end if;
        end loop;
        if filled <> '{}' then
            for kept in select tgrelid::regclass as of, tgname as name from pg_trigger
                where not tgisinternal and tgenabled = 'A' and tgrelid::regclass::text = any(filled)
            loop
                execute format('alter table %s disable trigger %I', kept.of, kept.name);
            end loop;
            execute format('truncate %s restart identity cascade', array_to_string(filled, ', '));
            for kept in select tgrelid::regclass as of, tgname as name from pg_trigger
                where not tgisinternal and tgenabled = 'D' and tgrelid::regclass::text = any(filled)
            loop
                execute format('alter table %s enable always trigger %I', kept.of, kept.name);
            end loop;
        end if;
        perform setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false) from pg_sequences
            where last_value is not null;
        delete from pg_statistic where starelid >= 16384;
    end $$
"""


class Databases:
    """The database that the tests of this process share, one after the other."""

    def __init__(self, postgres: Postgres, template: str, execute: Callable[[str], object]) -> None:
        self.postgres, self.template, self.execute = postgres, template, execute
        self.name, self.catalogues = "", ""
        self.kept: psycopg.Connection | None = None  # a new connection reads all catalogues anew, which takes longest

    def take(self) -> str:
        """The name of an empty migrated database."""
        if not self.name:
            self.name = f"test_{uuid.uuid4().hex[:12]}"
            # A third faster than by the log.
            self.execute(f"create database {self.name} template {self.template} strategy file_copy")
            self.catalogues = self.read_catalogues()
        return self.name

    def give_back(self, spared: str = "") -> bool:
        """Empties it for the next test; drops it where a test changed more than rows, and returns False. `spared`: the
        name of the sessions that may stay.
        """
        try:
            alike = self.read_catalogues() == self.catalogues
            if alike:
                self.connection().execute(ALONE, [spared])
                self.connection().execute(EMPTY)
        except psycopg.Error:
            alike = False
        if not alike:
            self.drop()
        return alike

    def read_catalogues(self) -> str:
        """What the catalogues say, in short."""
        try:
            row = self.connection().execute(CATALOGUES).fetchone()
        except psycopg.OperationalError:  # a test ended it
            self.disconnect()
            row = self.connection().execute(CATALOGUES).fetchone()
        assert row
        return str(row[0])

    def connection(self) -> psycopg.Connection:
        """The connection that is kept."""
        if self.kept is None or self.kept.closed:
            self.kept = psycopg.connect(self.postgres.url_of(self.name), autocommit=True)
        return self.kept

    def disconnect(self) -> None:
        """Closes it."""
        if self.kept:
            self.kept.close()
        self.kept = None

    def drop(self) -> None:
        """Drops the database, whoever is connected."""
        self.disconnect()
        if self.name:
            self.execute(f"drop database if exists {self.name} with (force)")
        self.name = ""
