"""What is written is read back: declarations, tables, references."""

import json

from hypothesis import example, given
from hypothesis import strategies as st

from tests.factories import Json, bodies_of_table
from tests.strategies import bodies, declarations, households
from workflows.bodies.declaration import ApplicationBody, Declaration
from workflows.bodies.reading import application as read
from workflows.bodies.reading import valid
from workflows.intake.files import csvform
from workflows.intake.receipts import normal


@given(declarations())
def test_a_declaration_is_read_back_as_it_was_stored(declared: Declaration) -> None:
    assert Declaration.restored(declared.stored()) == declared


@given(declarations())
def test_what_was_stored_is_stored_the_same_again(declared: Declaration) -> None:
    """The hash that tells a repeated application from a new one rests on this."""
    assert Declaration.restored(declared.stored()).stored() == declared.stored()


@given(bodies())
def test_an_application_may_be_sent_by_api_or_as_a_stored_text(body: Json) -> None:
    """Raw or with escapes: digits, forms and marks are looked at once JSON is read."""
    assert read(json.dumps(body, ensure_ascii=False)) == read(json.dumps(body)) == valid(ApplicationBody, body)


@given(st.lists(bodies(members=households(3)), min_size=1, max_size=2))
def test_a_table_gives_back_the_applications_that_were_written_into_it(sent: list[Json]) -> None:
    applications = [valid(ApplicationBody, body | {"application": f"a{place}"}) for place, body in enumerate(sent)]
    table = "".join(
        [",".join(csvform.HEADER) + "\r\n", *(line for each in applications for line in csvform.csv_lines(each))]
    )
    found = [valid(ApplicationBody, body) for body in bodies_of_table(table)]
    assert found == [read(each.model_dump_json()) for each in applications]


@given(st.text(max_size=30))
@example("RSURSU7K3M")
@example("rsu rsu-7k3m-9qwx-2d5t")
def test_a_reference_in_its_written_form_stays_so(typed: str) -> None:
    assert normal(normal(typed)) == normal(typed)
