"""The mutants' table names files that are there: else a renamed module would quietly have no mutants."""

import pytest

from tests.contract.sources import ROOT
from tests.mutation.__main__ import TESTS, files_of


@pytest.mark.parametrize("module", TESTS)
def test_a_module_and_the_tests_that_should_see_its_mutants_are_there(module: str) -> None:
    assert [each for each in (module, *files_of(module)) if not (ROOT / each).is_file()] == []
