"""What the law sets, as dated data: complete, in force on the right days, and never changed once released."""

import json
import shutil
from datetime import date, timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import pytest

from models import tables
from models.errors import Broken, Refused
from tests.conftest import forget_policies
from workflows import policies
from workflows.policies import HERE, index_in_force, indexes, periods, read, thresholds, thresholds_in_force
from workflows.policies.seal import broken, seal

RELEASED: dict[str, str] = json.loads((HERE / "RELEASED.json").read_text())
DECREE = date(2021, 8, 9)


# The freeze ----------------------------------------------------------------------------------------


def test_no_released_policy_has_changed_and_none_is_unreleased() -> None:
    assert broken() == {}


def test_the_freeze_finds_a_policy_that_was_changed_added_or_taken_away(tmp_path: Path) -> None:
    shutil.copytree(HERE, tmp_path / "policies", ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    folder = tmp_path / "policies"
    asd = folder / "programmes" / "asd.toml"
    asd.write_text(asd.read_text().replace("9.743001", "9.743002"))
    (folder / "programmes" / "amo_tadamon.toml").unlink()
    (folder / "index" / "2027-01-01.toml").write_text("")
    assert broken(folder) == {
        "programmes/asd.toml": "was changed after its release",
        "programmes/amo_tadamon.toml": "is gone",
        "index/2027-01-01.toml": "is not in RELEASED.json",
    }


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    """A copy of the policies with their seals."""
    shutil.copytree(HERE, tmp_path / "sealed", ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    (tmp_path / "sealed" / "RELEASED.json").write_bytes((HERE / "RELEASED.json").read_bytes())
    return tmp_path / "sealed"


def test_sealing_adds_what_is_new_and_never_reseals_what_was_changed(sealed: Path) -> None:
    asd, new = sealed / "programmes" / "asd.toml", sealed / "programmes" / "asd_2027.toml"
    new.write_text(asd.read_text())
    asd.write_text(asd.read_text().replace("9.743001", "9.743002"))

    assert seal(sealed) == ["programmes/asd_2027.toml"]

    assert json.loads((sealed / "RELEASED.json").read_text()) == RELEASED | {"programmes/asd_2027.toml": sha256(new.read_bytes()).hexdigest()}
    assert broken(sealed)["programmes/asd.toml"] == "was changed after its release"


def test_sealing_where_nothing_is_new_leaves_the_seals_as_they_are_to_the_byte(sealed: Path) -> None:
    assert seal(sealed) == []
    assert (sealed / "RELEASED.json").read_bytes() == (HERE / "RELEASED.json").read_bytes()


def test_what_cannot_be_read_is_not_sealed(sealed: Path) -> None:
    (sealed / "programmes" / "half.toml").write_text("threshold = ")
    with pytest.raises(Broken, match=r"half\.toml"):
        seal(sealed)
    assert json.loads((sealed / "RELEASED.json").read_text()) == RELEASED


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("programmes/asd.toml", "in_force_from", "from", "asd_2027.toml lacks the key 'in_force_from'"),
        ("programmes/asd.toml", '"9.743001"', '"9,7"', "asd_2027.toml holds a value that cannot be read"),
        ("index/2021-08-09.toml", "[urban]", "[town]", "asd_2027.toml lacks the key 'constant'"),
    ],
)
def test_a_file_that_does_not_say_what_it_must_is_not_sealed_and_its_key_is_named(sealed: Path, name: str, old: str, new: str, said: str) -> None:
    (sealed / name).with_name("asd_2027.toml").write_text((sealed / name).read_text().replace(old, new))
    with pytest.raises(Broken, match=said):
        seal(sealed)
    assert json.loads((sealed / "RELEASED.json").read_text()) == RELEASED


# The index -----------------------------------------------------------------------------------------


def test_the_index_of_2021_has_35_urban_and_28_rural_variables_and_12_regions() -> None:
    index = index_in_force(DECREE)
    assert {milieu: len(formula.coefficients) for milieu, formula in index.formulas.items()} == {"urban": 35, "rural": 28}
    assert all(set(formula.regions) == set(range(1, 13)) == set(index.region_names) for formula in index.formulas.values())


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
    assert [f"index/{index.version}.toml" for index in indexes()] == sorted(name for name in RELEASED if name.startswith("index/"))


def numbers_of(value: object, path: str = "") -> list[str]:
    """Where a policy holds a binary fraction."""
    if isinstance(value, dict):
        return [found for name, each in value.items() for found in numbers_of(each, f"{path}.{name}")]
    if isinstance(value, list):
        return [found for each in value for found in numbers_of(each, path)]
    return [path] if isinstance(value, float) else []


@pytest.mark.parametrize("name", RELEASED)
def test_no_number_of_the_law_is_a_binary_fraction(name: str) -> None:
    assert numbers_of(read(HERE / name)) == []


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
    new = (HERE / "programmes" / "asd.toml").read_text().replace("2023-12-01", "2027-01-01").replace("9.743001", "9.8")
    (policy_folder / "programmes" / "asd_2027.toml").write_text(new)
    forget_policies()
    assert in_force(date(2026, 12, 31))["ASD"] == Decimal("9.743001")
    assert in_force(date(2027, 1, 1))["ASD"] == Decimal("9.8")


def test_every_threshold_says_where_it_comes_from_and_how_sure_it_is() -> None:
    for path in (HERE / "programmes").glob("*.toml"):
        for each in read(path)["thresholds"]:
            assert each["source"]
            assert each["sureness"] in ("H", "M", "L")
    assert len({each.version for each in thresholds()}) == len(thresholds())


# Retention -----------------------------------------------------------------------------------------


def test_periods_of_retention_name_only_tables_that_exist_and_are_marked_as_assumed() -> None:
    assert periods()
    assert set(periods()) <= {table.__tablename__ for table in tables.TABLES}
    assert read(HERE / "retention.toml")["assumed"] is True


def test_every_period_of_retention_is_a_number_of_days_and_says_what_goes() -> None:
    assert all(period.days > 0 and period.what for period in periods().values())


# Reading -------------------------------------------------------------------------------------------


def test_a_policy_file_that_cannot_be_read_is_our_fault_and_named(tmp_path: Path) -> None:
    (tmp_path / "half.toml").write_text("threshold = ")
    for name in ("half.toml", "nowhere.toml"):
        with pytest.raises(Broken, match=name):
            policies.read(tmp_path / name)
