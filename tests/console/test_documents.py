"""The staff look at documents of a case: who may, where, and that each look is noted."""

import pytest

from tests.filing import rows, value
from tests.papers import a_pdf, a_picture, send_document
from tests.portal.conftest import Client
from tests.portal.standing import to_correct, under_review
from tests.portal.visiting import open_file
from tests.staffing import a_person, signed_in
from web.console.language import text
from workflows.staff.roles import Territory


def a_document(client: Client, sent: bytes = b"") -> tuple[str, str]:
    """A case with a document: its reference, and the address of the document in the console."""
    taken = to_correct()
    open_file(client, taken)
    assert send_document(client, taken, sent or a_picture()).status_code == 200
    document = value("select id from document order by at desc limit 1")
    return taken.reference, f"/console/cases/{taken.reference}/documents/{document}"


@pytest.mark.parametrize(
    ("role", "status"), [("caseworker", 200), ("supervisor", 200), ("auditor", 403), ("operator", 403)]
)
def test_a_document_opens_to_who_works_on_cases_and_each_look_is_noted(client: Client, role: str, status: int) -> None:
    _, address = a_document(client)
    signed_in(client, a_person("Amina", role))
    found = client.get(address)
    assert found.status_code == status
    noted = rows("select role, detail from audit_entry where act = 'read_document'")
    assert noted == ([(role, {"moment": "correction", "shows": "bill"})] if status == 200 else [])
    if status == 200:
        assert found.headers["content-type"] == "image/jpeg"
        assert found.headers["content-disposition"] == 'inline; filename="bill.jpg"'
        assert found.headers["content-security-policy"].startswith("sandbox")
        assert (found.headers["x-content-type-options"], found.headers["cache-control"]) == ("nosniff", "no-store")


def test_a_document_of_another_office_does_not_open(client: Client) -> None:
    _, address = a_document(client)
    region = value("select region from cases")
    signed_in(client, a_person("Far", "caseworker", within=Territory(region % 12 + 1)))
    assert client.get(address).status_code == 403


def test_a_document_under_another_case_is_as_unknown_as_one_that_never_was(client: Client) -> None:
    _, address = a_document(client)
    other = under_review()
    signed_in(client, a_person("Amina", "caseworker"))
    document = address.rpartition("/")[2]
    assert client.get(f"/console/cases/{other.reference}/documents/{document}").status_code == 404
    assert client.get(f"/console/cases/{other.reference}/documents/unknown").status_code == 404
    assert value("select count(*) from audit_entry where act = 'read_document'") == 0


def test_the_page_of_a_case_lists_documents_and_tells_of_them_among_what_happened(client: Client) -> None:
    reference, address = a_document(client, a_pdf())
    signed_in(client, a_person("Amina", "caseworker"))
    page = client.get(f"/console/cases/{reference}", headers={"accept-language": "fr"}).text
    assert f'href="{address}"' in page
    assert text("fr", "shows.bill") in page
    assert text("fr", "done.DocumentAdded") in page
    assert text("fr", "PDF, pages: {number}").format(number=2) in page
    signed_in(client, a_person("Salma", "auditor"))
    page = client.get(f"/console/cases/{reference}").text
    assert address not in page


def test_a_document_that_does_not_open_is_our_fault_and_shows_nothing(client: Client) -> None:
    _, address = a_document(client)
    rows("update document set content = set_byte(content, 20, get_byte(content, 20) # 1)")
    signed_in(client, a_person("Amina", "caseworker"))
    found = client.get(address)
    assert found.status_code == 500
    assert found.headers["content-type"].startswith("text/html")
    assert value("select count(*) from audit_entry where act = 'read_document'") == 0
