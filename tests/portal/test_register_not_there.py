"""What people ask needs no population register: it is done where the setting that names one is wrong."""

import pytest

from tests.conftest import forget_settings
from tests.filing import current_stage
from tests.portal.conftest import Client
from tests.portal.standing import in_work


def test_a_citizens_answer_is_taken_where_the_registers_setting_is_wrong(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = in_work()
    monkeypatch.setenv("SIJIL_POPULATION_REGISTER", "nowhere:Register")
    forget_settings()
    answer = client.post(
        f"/api/v1/applications/{taken.reference}/answers", json={"secret": taken.secret, "kind": "withdrawal"}
    )
    assert (answer.status_code, current_stage(taken)) == (200, "withdrawn")
