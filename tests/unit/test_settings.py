"""Settings: read from the environment, bounded, shown without secrets; the key that is made where none is set."""

from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from models.errors import Unavailable
from models.settings import Settings
from notifications.channels.sms_http import HttpGateway


def test_a_setting_is_read_from_its_name_in_capitals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIJIL_BATCH", "17")
    assert Settings().batch == 17


@pytest.mark.parametrize("value", ["0", "many", "5001"])
def test_a_setting_out_of_its_bounds_is_named(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("SIJIL_BATCH", value)
    with pytest.raises(ValidationError, match="batch"):
        Settings()


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://sijil:s3cret@db.example:5432/sijil", "postgresql://sijil:***@db.example:5432/sijil"),
        ("postgresql://sijil:s3@cr:e@t@db.example/sijil", "postgresql://sijil:***@db.example/sijil"),
        (
            "postgresql://db.example/sijil?user=sijil&password=s3cret&sslmode=require",
            "postgresql://db.example/sijil?user=sijil&password=***&sslmode=require",
        ),
        ("postgresql://sijil@db.example/sijil", "postgresql://sijil@db.example/sijil"),
        ("postgresql:///sijil?host=/tmp/x", "postgresql:///sijil?host=/tmp/x"),
        (None, "no address"),
    ],
)
def test_an_address_is_shown_without_its_password(url: str | None, shown: str) -> None:
    assert Settings(database_url=url).database_url_shown() == shown


@pytest.mark.parametrize(
    "url",
    [
        "http://u:s3cret@gateway",
        "https://gateway.example:8443/sms",
        "http://[::1]:8001",
        "http://u:s3@cret@10.0.0.1:81",
    ],
)
def test_an_address_of_a_gateway_is_one_that_can_be_called(url: str) -> None:
    host = url.split("//")[1].rpartition("@")[2].split("/")[0]
    assert HttpGateway(Settings(gateway_url=url).gateway_url).client.base_url.netloc.decode() == host


@pytest.mark.parametrize(
    "url",
    [
        "",
        "gateway:8001",
        "http://u:s3/cret@gateway",
        "http://gateway:80x",
        "http://gate way",
        "ftp://u:s3cret@gateway",
        "http://",
    ],
)
def test_an_address_of_a_gateway_that_cannot_be_is_named_and_not_quoted(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("SIJIL_GATEWAY_URL", url)
    with pytest.raises(ValidationError, match="gateway_url") as raised:
        Settings()
    assert not url or url not in str(raised.value)
    assert "cret" not in str(raised.value)


def test_the_secret_key_is_made_once_and_only_we_can_read_it(tmp_path: Path) -> None:
    first, second = Settings(home=tmp_path, secret_key=None), Settings(home=tmp_path, secret_key=None)
    assert first.key() == second.key()
    assert len(first.key()) >= 32
    assert [path.name for path in tmp_path.iterdir()] == ["secret.key"]
    assert (tmp_path / "secret.key").stat().st_mode & 0o077 == 0


def test_a_key_that_is_set_is_used_and_not_written_down(tmp_path: Path) -> None:
    assert Settings(home=tmp_path, secret_key=SecretStr("given by an operator")).key() == b"given by an operator"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("key", ["", " " * 40, "fifteen letters", "short"])
def test_a_key_that_can_be_guessed_is_refused_and_not_quoted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, key: str
) -> None:
    """Whoever can guess it can compute every citizen's secret; one that is set and empty would be a key of no bytes."""
    monkeypatch.setenv("SIJIL_SECRET_KEY", key)
    with pytest.raises(ValidationError, match="secret_key") as raised:
        Settings()
    assert not key.strip() or key not in str(raised.value)

    (tmp_path / "secret.key").write_text(key, encoding="utf-8")
    with pytest.raises(Unavailable, match="holds no key"):
        Settings(home=tmp_path, secret_key=None).key()


REGISTER = {"population_url": "https://population.example.org", "population_partner": "rsu", "population_key": "a.jwk"}


@pytest.mark.parametrize("left_out", ["population_partner", "population_key"])
def test_a_register_elsewhere_to_which_we_could_not_say_who_we_are_is_refused(left_out: str) -> None:
    assert Settings.model_validate(REGISTER).population_partner == "rsu"
    with pytest.raises(ValidationError, match="SIJIL_POPULATION_URL needs"):
        Settings.model_validate({name: value for name, value in REGISTER.items() if name != left_out})


PROVIDER = {"oidc_issuer": "https://id.example.org", "oidc_client_id": "sijil", "console_url": "https://r.example.org"}


@pytest.mark.parametrize("left_out", PROVIDER)
def test_half_of_a_provider_is_refused(left_out: str) -> None:
    whole = Settings.model_validate(PROVIDER)
    assert whole.oidc_issuer
    if left_out != "oidc_issuer":
        with pytest.raises(ValidationError, match="SIJIL_OIDC_ISSUER needs"):
            Settings.model_validate({name: value for name, value in PROVIDER.items() if name != left_out})


def test_a_console_into_which_nobody_could_sign_in_is_refused() -> None:
    with pytest.raises(ValidationError, match="nobody could sign in"):
        Settings(local_accounts="off")
    assert Settings.model_validate(PROVIDER | {"local_accounts": "off"}).local_accounts == "off"


@pytest.mark.parametrize(
    ("address", "taken"),
    [
        ("https://id.example.org/realms/staff/", True),
        ("http://127.0.0.1:8080", True),
        ("http://localhost:8080", True),
        ("http://id.example.org", False),
        ("http://127.0.0.1.example.org", False),
        ("https://u:p@id.example.org", False),
        ("https://id.example.org?x=1", False),
        ("javascript:alert(1)", False),
    ],
)
def test_the_way_to_a_provider_is_encrypted_but_on_this_host(address: str, taken: bool) -> None:
    for name in ("oidc_issuer", "console_url"):
        if taken:
            assert Settings.model_validate(PROVIDER | {name: address})
        else:
            with pytest.raises(ValidationError, match=name):
                Settings.model_validate(PROVIDER | {name: address})
