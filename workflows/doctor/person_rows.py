"""The keys by which likely duplicates of a person are searched, beside what the person's own values make."""

from models.database import Connection
from workflows.doctor.findings import FIRST, Findings, Location
from workflows.history.keyranges import KeyRange
from workflows.matching.duplicates.keys import keys_of
from workflows.matching.duplicates.record import FIELDS, record_from

COUNT = "person_keys_changed"
ROWS = f"select id, keys, {', '.join(FIELDS)} from person where id > %(after)s and id <= %(upto)s order by id"


def compare_keys(connection: Connection, at: KeyRange, findings: Findings) -> None:
    """Who of a range would not be found by a search, or by the wrong keys."""
    rows = connection.execute(ROWS, at._asdict()).fetchall()
    wrong = [number for number, keys, *values in rows if set(keys) != set(keys_of(record_from(tuple(values))))]
    findings.add(COUNT, len(wrong), [Location("person", "person", number, "keys") for number in wrong[:FIRST]])
