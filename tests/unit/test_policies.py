"""What the law sets, as dated data: complete, in force on the right days, and never changed once released."""

import json
import shutil
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import pytest

from models import tables
from models.errors import Broken, Refused
from tests.conftest import forget_policies
from workflows.policies import (
    HERE,
    index_in_force,
    indexes,
    newest_terms,
    periods,
    terms_in,
    thresholds_in_force,
)
from workflows.policies.files import parse_toml
from workflows.policies.seal import broken_seals, main, seal

RELEASED: dict[str, str] = json.loads((HERE / "RELEASED.json").read_text())
DECREE = date(2021, 8, 9)


# The freeze ----------------------------------------------------------------------------------------


def test_no_released_policy_has_changed_and_none_is_unreleased() -> None:
    assert broken_seals() == {}


def test_the_freeze_finds_a_policy_that_was_changed_added_or_taken_away(tmp_path: Path) -> None:
    shutil.copytree(HERE, tmp_path / "policies", ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    folder = tmp_path / "policies"
    asd = folder / "programmes" / "asd.toml"
    asd.write_text(asd.read_text().replace("9.743001", "9.743002"))
    (folder / "programmes" / "amo_tadamon.toml").unlink()
    (folder / "index" / "2027-01-01.toml").write_text("")
    assert broken_seals(folder) == {
        "programmes/asd.toml": "was changed after its release",
        "programmes/amo_tadamon.toml": "is gone",
        "index/2027-01-01.toml": "is not in RELEASED.json",
    }


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    """A copy of the policies with their seals."""
    shutil.copytree(HERE, tmp_path / "sealed", ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    return tmp_path / "sealed"


def a_new_threshold(folder: Path, changes: Mapping[str, str] | None = None) -> Path:
    """The file of another threshold of ASD, from 2027 on; what it says may be changed."""
    text = (HERE / "programmes" / "asd.toml").read_text().replace("2023-12-01", "2027-01-01").replace("9.743001", "9.8")
    for old, new in (changes or {}).items():
        assert old in text
        text = text.replace(old, new)
    path = folder / "programmes" / "asd_2027.toml"
    path.write_text(text)
    return path


def test_sealing_adds_what_is_new_and_never_reseals_what_was_changed(sealed: Path) -> None:
    asd, new = sealed / "programmes" / "asd.toml", a_new_threshold(sealed)
    asd.write_text(asd.read_text().replace("9.743001", "9.743002"))

    assert seal(sealed) == ["programmes/asd_2027.toml"]

    assert json.loads((sealed / "RELEASED.json").read_text()) == RELEASED | {
        "programmes/asd_2027.toml": sha256(new.read_bytes()).hexdigest()
    }
    assert broken_seals(sealed)["programmes/asd.toml"] == "was changed after its release"


def test_sealing_where_nothing_is_new_leaves_the_seals_as_they_are_to_the_byte(sealed: Path) -> None:
    assert seal(sealed) == []
    assert (sealed / "RELEASED.json").read_bytes() == (HERE / "RELEASED.json").read_bytes()


def test_the_seal_says_what_was_changed_after_its_release_and_ends_with_1(
    sealed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asd = sealed / "programmes" / "asd.toml"
    asd.write_text(asd.read_text().replace("9.743001", "9.743002"))
    assert main(sealed) == 1
    assert "programmes/asd.toml was changed after its release" in capsys.readouterr().err


def test_the_seal_ends_with_0_where_all_is_well(sealed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a_new_threshold(sealed)
    assert main(sealed) == 0
    assert main(sealed) == 0
    assert capsys.readouterr() == ("sealed programmes/asd_2027.toml\n", "")


@pytest.mark.parametrize(
    ("key", "changes"),
    [
        ("it cannot be read", {"[[thresholds]]": "[[thresholds"}),
        ("thresholds.0.threshold: Is missing", {"threshold = ": "treshold = "}),
        ("thresholds.0.treshold: Unknown field", {"threshold = ": "treshold = "}),
        ("thresholds.0.threshold: Must be a text", {'"9.8"': "9.8"}),
        ("thresholds.0.threshold: Must be a number", {'"9.8"': '"9,8"'}),
        (
            "thresholds.0.in_force_from: Must be a date without quotes",
            {"in_force_from = 2027-01-01": 'in_force_from = "2027-01-01"'},
        ),
        ("thresholds.0.sureness: Must be 'H'", {'sureness = "H"': 'sureness = "sure"'}),
        ("version: there is another 'ASD-2023-12-01'", {"ASD-2027-01-01": "ASD-2023-12-01"}),
    ],
)
def test_a_file_that_is_not_right_is_not_sealed_and_file_and_key_are_named(
    sealed: Path, capsys: pytest.CaptureFixture[str], key: str, changes: dict[str, str]
) -> None:
    a_new_threshold(sealed, changes)
    assert main(sealed) == 1
    said = capsys.readouterr().err
    assert "programmes/asd_2027.toml is not right" in said
    assert key in said
    assert json.loads((sealed / "RELEASED.json").read_text()) == RELEASED


@pytest.mark.parametrize(
    ("key", "changes"),
    [
        ("urban.coefficients.has_landline: Must be a text", {'has_landline = "0.0532"': "has_landline = 0.0532"}),
        ("regions: Must be those from 1 to 12", {"[regions.12]": "[regions.13]"}),
        ("regions.3.rural: Is missing", {'rural = "0.296"\n': ""}),
        ("rural.constant: Is missing", {'constant = "8.695"\n': ""}),
    ],
)
def test_an_index_that_is_not_right_is_not_sealed_and_its_key_is_named(
    sealed: Path, key: str, changes: dict[str, str]
) -> None:
    text = (sealed / "index" / "2021-08-09.toml").read_text().replace("2021-08-09", "2027-01-01")
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    (sealed / "index" / "2027-01-01.toml").write_text(text)
    with pytest.raises(Broken) as broken:
        seal(sealed)
    assert f"index/2027-01-01.toml is not right: {key}" in str(broken.value)


# The index -----------------------------------------------------------------------------------------


def test_the_index_of_2021_has_35_urban_and_28_rural_variables_and_12_regions() -> None:
    index = index_in_force(DECREE)
    assert {milieu: len(formula.coefficients) for milieu, formula in index.formulas.items()} == {
        "urban": 35,
        "rural": 28,
    }
    assert all(
        set(formula.regions) == set(range(1, 13)) == set(index.region_names) for formula in index.formulas.values()
    )


def test_the_values_of_which_the_sources_disagree_are_the_ones_that_were_decided() -> None:
    urban, rural = (index_in_force(DECREE).formulas[milieu] for milieu in ("urban", "rural"))
    assert urban.coefficients["telecom_per_head_year"] == Decimal("0.000302")
    assert urban.regions[7] == Decimal("0.194")
    assert rural.coefficients["has_car"] == Decimal("0.187")
    assert (urban.constant, rural.constant) == (Decimal("9.825"), Decimal("8.695"))


def test_an_index_counts_from_its_first_day_on() -> None:
    assert index_in_force(DECREE).version == index_in_force(date(2026, 11, 24)).version == "2021-08-09"
    with pytest.raises(Refused, match="the first is of 2021-08-09"):
        index_in_force(DECREE - timedelta(days=1))


def test_every_version_is_in_a_file_of_its_name() -> None:
    assert [f"index/{index.version}.toml" for index in indexes()] == sorted(
        name for name in RELEASED if name.startswith("index/")
    )


def numbers_of(value: object, path: str = "") -> list[str]:
    """Where a policy holds a binary fraction."""
    if isinstance(value, dict):
        return [found for name, each in value.items() for found in numbers_of(each, f"{path}.{name}")]
    if isinstance(value, list):
        return [found for each in value for found in numbers_of(each, path)]
    return [path] if isinstance(value, float) else []


@pytest.mark.parametrize("name", RELEASED)
def test_no_number_of_the_law_is_a_binary_fraction(name: str) -> None:
    assert numbers_of(parse_toml(HERE / name)) == []


# Programmes ----------------------------------------------------------------------------------------


def in_force(day: date) -> dict[str, Decimal]:
    return {each.programme: each.threshold for each in thresholds_in_force(day)}


def of_ours(thresholds: dict[str, Decimal]) -> dict[str, Decimal]:
    """Those of the two programmes that these tests name; another one that is added is none of their business."""
    return {name: threshold for name, threshold in thresholds.items() if name in ("AMO_TADAMON", "ASD")}


def test_the_thresholds_of_today() -> None:
    assert of_ours(in_force(date(2026, 11, 24))) == {"AMO_TADAMON": Decimal("9.3264284"), "ASD": Decimal("9.743001")}


def test_a_threshold_counts_from_its_first_day_on() -> None:
    assert set(of_ours(in_force(date(2023, 12, 1)))) == {"AMO_TADAMON", "ASD"}
    assert set(of_ours(in_force(date(2023, 11, 30)))) == {"AMO_TADAMON"}
    assert set(of_ours(in_force(date(2022, 11, 30)))) == set()


def test_a_changed_threshold_is_a_new_file_of_the_same_programme(policy_folder: Path) -> None:
    a_new_threshold(policy_folder)
    forget_policies()
    assert in_force(date(2026, 12, 31))["ASD"] == Decimal("9.743001")
    assert in_force(date(2027, 1, 1))["ASD"] == Decimal("9.8")


# Retention -----------------------------------------------------------------------------------------


def test_periods_of_retention_name_only_tables_that_exist() -> None:
    assert periods()
    assert set(periods()) <= {table.__tablename__ for table in tables.TABLES}


@pytest.mark.parametrize("days", ["0", '"365"', "-1"])
def test_a_period_of_retention_that_is_no_number_of_days_is_not_taken(policy_folder: Path, days: str) -> None:
    path = policy_folder / "retention.toml"
    path.write_text(path.read_text().replace("days = 365\n", f"days = {days}\n"))
    with pytest.raises(Broken, match=r"retention\.toml is not right: message\.days"):
        periods()


def test_a_period_of_retention_may_be_changed_and_breaks_no_seal(policy_folder: Path) -> None:
    path = policy_folder / "retention.toml"
    path.write_text(path.read_text().replace("days = 365\n", "days = 400\n"))
    assert periods()["message"].days == 400
    assert main(policy_folder) == 0


# Reading -------------------------------------------------------------------------------------------


def test_a_policy_file_that_cannot_be_read_is_our_fault_and_named(tmp_path: Path) -> None:
    (tmp_path / "half.toml").write_text("threshold = ")
    for name in ("half.toml", "nowhere.toml"):
        with pytest.raises(Broken, match=name):
            parse_toml(tmp_path / name)


# Terms ---------------------------------------------------------------------------------------------


def test_an_appeal_is_answered_in_sixty_days_by_law_and_somebody_is_reminded_at_three_quarters() -> None:
    answer, day = newest_terms()["answer"], timedelta(days=1)
    assert (answer.within, answer.reminders) == (60 * day, (45 * day,))
    assert answer.reminders[0] / answer.within == 0.75


def test_every_term_names_its_source_and_how_sure_it_is() -> None:
    for path in (HERE / "terms").glob("*.toml"):
        parts = {name: part for name, part in parse_toml(path).items() if isinstance(part, dict)}
        assert parts.keys() == newest_terms().by_name.keys()
        assert [
            name for name, part in parts.items() if part["sureness"] == "L" and "assumed" not in part["source"]
        ] == []


def test_a_new_version_of_the_terms_leaves_the_old_one_readable(sealed: Path) -> None:
    old = sealed / "terms" / "2026-11-01.toml"
    changed = old.read_text().replace("2026-11-01", "2027-01-01").replace("days = 15", "days = 20")
    (sealed / "terms" / "2027-01-01.toml").write_text(changed)
    assert seal(sealed) == ["terms/2027-01-01.toml"]
    terms = {each.version: each for each in terms_in(sealed)}
    before, now = terms["terms-2026-11-01"], terms["terms-2027-01-01"]
    assert (before["hearing"].within.days, now["hearing"].within.days) == (15, 20)


@pytest.mark.parametrize("reminders", ["[12, 7]", "[7, 15]", "[7, 7]", "[0, 7]"])
def test_reminders_come_in_order_and_before_the_end_of_their_term(sealed: Path, reminders: str) -> None:
    old = sealed / "terms" / "2026-11-01.toml"
    (sealed / "terms" / "2027-01-01.toml").write_text(
        old.read_text().replace("2026-11-01", "2027-01-01").replace("[7, 12]", reminders)
    )
    with pytest.raises(Broken, match=r"hearing\.reminders"):
        seal(sealed)
