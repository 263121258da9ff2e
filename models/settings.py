"""The only place that reads the environment. Every setting is `SIJIL_` and its name in capitals."""

import os
import re
import secrets
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from models.errors import Refused, Unavailable
from models.patterns import (
    GATEWAY_ADDRESS,
    HOURS,
    MAIL_SENDER,
    MAIL_SERVER,
    NUMBERS,
    PARTNER,
    PRINTABLE,
    PROVIDER_ADDRESS,
    SENDER_ID,
)

PREFIX = "SIJIL_"
HERE = ("127.0.0.1", "::1", "localhost")
DOCUMENT_KEY = 32  # bytes
SHORTEST_KEY = 16  # characters: anybody who guesses the key can compute every citizen's secret


class Settings(BaseSettings):
    """What differs between installations. A test holds docs/settings.md to these fields."""

    # Errors hide the input, because an address may hold a password.
    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", hide_input_in_errors=True)

    database_url: str | None = Field(
        None, description="PostgreSQL 18, as postgresql://user:password@host/name. Empty: an embedded one in `home`."
    )
    broker_url: str | None = Field(
        None,
        description="Redis or Valkey of the broker's own, as redis://host:6379/0 or unix:///path. Empty: an embedded "
        "one in `home`.",
    )
    broker_namespace: str = Field("sijil", description="First word of every key in the broker.")
    home: Path = Field(Path(".sijil"), description="Where the embedded servers, the anchors and the secret key live.")
    anchors: Path | None = Field(
        None,
        description="Folder for the daily anchors. All hosts with `sijil work` should share it, and the database's "
        "administrators should not be able to write to it. "
        "If it is not shared, each host keeps a complete series of its own. Empty: `anchors` in `home`.",
    )
    secret_key: SecretStr | None = Field(
        None, description="Signs receipts and pseudonyms; 16 characters or more. Not set: made once and kept in `home`."
    )
    host: str = Field("127.0.0.1", description="Address the portal listens on.")
    port: int = Field(8000, ge=1, le=65535, description="Port the portal listens on.")
    helpline: str = Field(
        "", description="Telephone number that citizens are told to call. Empty: they are sent to a service centre."
    )
    draft_languages: bool = Field(
        False,
        description="Whether the portal offers languages whose translation is a draft that nobody who speaks them has "
        "read yet: Amazigh. Each of their pages says so, and leads to the Arabic one.",
    )
    gateway_url: str = Field(
        "http://127.0.0.1:8001",
        pattern=GATEWAY_ADDRESS,
        description="The message gateway that deliveries go to: http://host:port, https://host, or an operator's SMPP "
        "server as smpp://host:2775.",
    )
    text_hours: str = Field(
        "09:00-20:00",
        pattern=HOURS,
        description="The hours of Morocco's day in which text messages go out; the others wait for the morning, but "
        "for codes. Empty: at any hour.",
    )
    letters: Literal["gateway", "printer"] = Field(
        "gateway",
        description="Who prints letters: the HTTP gateway, or a printer who is given the files of `sijil letters "
        "batch`. With an SMPP server always the printer.",
    )
    repeat_messages: bool = Field(
        True,
        description="Whether messages on which a term hangs are repeated, at last by letter, unless their delivery is "
        "proved. Nothing is where no delivery reports can come: by HTTP without `SIJIL_GATEWAY_SECRET`.",
    )
    remind_to_confirm: bool = Field(
        True,
        description="Whether registered households are reminded to confirm their declaration, before the day that the "
        "term `confirmation` gives them.",
    )
    gateway_secret: SecretStr | None = Field(
        None,
        description="With it the HTTP gateway signs its delivery reports (`POST /gateway/reports`); 16 characters or "
        "more, long and random. Empty: no report is taken.",
    )
    smpp_system_id: str = Field(
        "", pattern=PRINTABLE, max_length=15, description="Our name at the SMPP server. Needed with smpp://."
    )
    smpp_password: SecretStr | None = Field(
        None,
        max_length=8,
        description="Our password at the SMPP server, of 8 characters at the most. Needed with smpp://.",
    )
    smpp_sender: str = Field(
        "",
        pattern=SENDER_ID,
        max_length=11,
        description="The sender id that the operator registered for us: letters and digits. Needed with smpp://.",
    )
    smtp_url: str = Field(
        "",
        pattern=MAIL_SERVER,
        description="The mail server that e-mails go to: smtp://host:587, which must offer STARTTLS, or "
        "smtps://host:465. Empty: they go to the gateway.",
    )
    smtp_encryption: Literal["required", "off"] = Field(
        "required",
        description="Whether the line to the mail server is encrypted: required, or off for one on this same host.",
    )
    smtp_user: str = Field("", max_length=200, description="Our name at the mail server. Empty: it asks for none.")
    smtp_password: SecretStr | None = Field(None, description="Our password at the mail server.")
    smtp_sender: str = Field(
        "",
        pattern=MAIL_SENDER,
        max_length=254,
        description="The address that e-mails come from, and go back to. Needed with a mail server.",
    )
    population_register: str = Field(
        "",
        description="Which population register answers, as module:class. Empty: the one at `SIJIL_POPULATION_URL`, or "
        "without that the table of this database.",
    )
    population_url: str = Field(
        "",
        pattern=PROVIDER_ADDRESS,
        description="The population register on another machine, by the address of its verification service, as "
        "https://population.example.org. Empty: there is none, and the table of this database answers.",
    )
    population_partner: str = Field(
        "", pattern=PARTNER, description="Our name as a partner of that register. Needed with its address."
    )
    population_key: Path | None = Field(
        None,
        description="The file of the private key with which our questions are signed: Ed25519, as PEM or as a JWK. "
        "Needed with its address.",
    )
    population_timeout: float = Field(
        4.0,
        ge=0.1,
        le=20.0,
        description="Seconds that one call to that register may take. A question lasts for two and a half calls at "
        "most, with all its tries.",
    )
    population_rate: int = Field(
        0,
        ge=0,
        description="Most persons a second about whom all processes together ask that register. 0: no limit.",
    )
    idcs_sequence: int = Field(
        0,
        ge=0,
        le=10,
        description="Identifiers that are not issued: with so many digits in a row that go up or down, 9 and 0 being "
        "neighbours, such as 456 or 109 with 3, which is MOSIP's limit. 0: this does not matter.",
    )
    idcs_repeating: int = Field(
        0,
        ge=0,
        le=9,
        description="The same: in which a digit comes again with fewer than so many others between, such as 11 or 1x1 "
        "with 2 (MOSIP).",
    )
    idcs_repeating_block: int = Field(
        0, ge=0, le=5, description="The same: in which so many digits come again, such as 48xxx48 with 2 (MOSIP)."
    )
    idcs_even_digits: int = Field(
        0, ge=0, le=10, description="The same: with so many of 2, 4, 6 and 8 in a row, such as 486 with 3 (MOSIP)."
    )
    idcs_same_ends: int = Field(
        0,
        ge=0,
        le=9,
        description="The same: whose first so many digits are the last ones, such as 4345643456 with 5 (MOSIP).",
    )
    idcs_mirrored_ends: int = Field(
        0,
        ge=0,
        le=10,
        description="The same: whose first so many digits are the last ones backwards, such as 4345665434 with 5 "
        "(MOSIP).",
    )
    idcs_restricted: str = Field(
        "", pattern=NUMBERS, description="The same: that hold one of these numbers, such as 786,666 (MOSIP)."
    )
    idcs_cyclic: bool = Field(False, description="The same: that hold a cyclic number, which is 142857 (MOSIP).")
    population_database_url: str | None = Field(
        None,
        description="PostgreSQL 18 of the population register where that is a service of its own (`sijil serve --only "
        "population`). Empty: an embedded one in `population` in `home`.",
    )
    population_port: int = Field(
        8010, ge=1, le=65535, description="Port that the population register's service listens on."
    )
    processes: int = Field(2, ge=1, le=256, description="Worker processes of one `sijil work`.")
    threads: int = Field(2, ge=1, le=64, description="Threads of each worker process.")
    nice: int = Field(
        19,
        ge=0,
        le=19,
        description="How far the workers give way to what else runs on their machine, the portal above all. 0: not at "
        "all.",
    )
    batch: int = Field(250, ge=1, le=5000, description="Most cases that a worker claims at once.")
    tries: int = Field(4, ge=1, le=50, description="Failures of a case alone before it is parked.")
    tries_spread: int = Field(
        3600,
        ge=0,
        le=604_800,
        description="Seconds over which these are spread, each wait eight times the one before. "
        "Deaths of a process: 2, 4, 8 seconds.",
    )
    max_members: int = Field(30, ge=1, le=200, description="Most members of one household (assumed).")
    max_corrections: int = Field(
        20, ge=1, description="Most corrections of one application (assumed): each is kept, and each sends a message."
    )
    max_body: int = Field(1_000_000, ge=1000, description="Largest application, in bytes (assumed).")
    codes_an_hour: int = Field(
        5_000,
        ge=1,
        description="Most codes by SMS within an hour, for all citizens together (assumed): each costs money.",
    )
    codes_from_network: int = Field(
        200,
        ge=1,
        description="Most codes by SMS that are asked for from one address within an hour (assumed): the phones of an "
        "operator share a few.",
    )
    drafts_from_network: int = Field(
        1_000,
        ge=1,
        description="Most applications that are begun on the portal from one address within an hour (assumed): the "
        "phones of an operator share a few.",
    )
    max_documents: int = Field(
        20, ge=1, le=500, description="Most documents that a household adds to one case (assumed)."
    )
    upload_seconds: int = Field(
        120,
        ge=5,
        le=3600,
        description="Seconds in which the whole of a document must have arrived (assumed): 5 MB at 350 kbit/s.",
    )
    uploads_at_once: int = Field(
        30,
        ge=1,
        le=1000,
        description="Most documents that arrive at once at one process of the portal, each up to 5 MB of its memory.",
    )
    document_keys: SecretStr | None = Field(
        None,
        description="The keys that guard the documents of households, each as id:key, with blanks between them, the "
        "newest first; a key is 32 random bytes in base64. Older ones must stay until `sijil documents rotate` has "
        "done. Not set: made once and kept in `home`.",
    )
    second_factor: Literal["required", "offered"] = Field(
        "required",
        description="Whether a local account of the staff must have an authenticator app: required or offered.",
    )
    local_accounts: Literal["on", "off"] = Field(
        "on",
        description="Whether the staff may sign in by a password that Sijil keeps: on or off. Off needs an identity "
        "provider.",
    )
    oidc_issuer: str = Field(
        "",
        pattern=PROVIDER_ADDRESS,
        description="The agency's identity provider (OpenID Connect), by its issuer, exactly as it names itself: "
        "https://id.example.org/realms/staff. Empty: none.",
    )
    oidc_client_id: str = Field("", description="How the identity provider knows the console. Needed with an issuer.")
    oidc_client_secret: SecretStr | None = Field(
        None, description="What the console shows to the provider. Empty: a public client, which PKCE guards."
    )
    oidc_name: str = Field(
        "", max_length=60, description="What the button of the sign-in calls the provider. Empty: a general name."
    )
    oidc_acr: str = Field(
        "",
        description="What the provider must say of a sign-in in `acr` or `amr`: one of these words, with blanks "
        "between them, such as `mfa`. Empty: its word is enough.",
    )
    console_url: str = Field(
        "",
        pattern=PROVIDER_ADDRESS,
        description="The address at which browsers reach this service, as https://register.example.org. The provider "
        "leads back to /console/sign-in/provider/back there. Needed with an issuer.",
    )
    session_file: Path = Field(
        Path("~/.sijil-session"), description="Where `sijil staff sign-in` keeps the session of a shell."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="debug, info, warning or error."
    )

    @field_validator("secret_key", "gateway_secret")
    @classmethod
    def long_enough(cls, key: SecretStr | None) -> SecretStr | None:
        """Refuses a key that is set and too short, even an empty one."""
        if key is not None and len(key.get_secret_value().strip()) < SHORTEST_KEY:
            raise ValueError(f"Must have {SHORTEST_KEY} characters or more, long and random")
        return key

    @property
    def reports_come(self) -> bool:
        """Whether a gateway can report on what it delivered: by HTTP signed, by SMPP in its session."""
        return self.gateway_secret is not None or self.gateway_url.startswith("smpp:")

    @field_validator("document_keys")
    @classmethod
    def readable(cls, keys: SecretStr | None) -> SecretStr | None:
        """Refuses keys that cannot be read, even none."""
        if keys is not None:
            read_keys(keys.get_secret_value())
        return keys

    @field_validator("text_hours")
    @classmethod
    def in_order(cls, hours: str) -> str:
        """Refuses hours that end before they begin."""
        opens, _, closes = hours.partition("-")
        if hours and opens >= closes:
            raise ValueError("Must begin before they end, as 09:00-20:00")
        return hours

    @model_validator(mode="after")
    def smpp_whole(self) -> Self:
        """Refuses an SMPP server at which nobody could sign in, or without a sender."""
        if self.gateway_url.startswith("smpp:") and not (
            self.smpp_system_id and self.smpp_password and self.smpp_sender
        ):
            raise ValueError(
                "SIJIL_GATEWAY_URL with smpp:// needs SIJIL_SMPP_SYSTEM_ID, SIJIL_SMPP_PASSWORD and SIJIL_SMPP_SENDER"
            )
        return self

    @model_validator(mode="after")
    def mail_server_whole(self) -> Self:
        """Refuses a mail server without a sender, and one of another host without encryption."""
        address = urlsplit(self.smtp_url)
        if self.smtp_url and not self.smtp_sender:
            raise ValueError("SIJIL_SMTP_URL needs SIJIL_SMTP_SENDER")
        if self.smtp_encryption == "off" and (address.scheme == "smtps" or address.hostname not in (*HERE, None)):
            raise ValueError("SIJIL_SMTP_ENCRYPTION=off serves a mail server at smtp://127.0.0.1 alone")
        return self

    @model_validator(mode="after")
    def population_whole(self) -> Self:
        """Refuses a population register elsewhere to which we could not say who we are."""
        if self.population_url and not (self.population_partner and self.population_key):
            raise ValueError("SIJIL_POPULATION_URL needs SIJIL_POPULATION_PARTNER and SIJIL_POPULATION_KEY")
        return self

    @model_validator(mode="after")
    def provider_whole(self) -> Self:
        """Refuses half of an identity provider, and a console into which nobody could sign in."""
        if self.oidc_issuer and not (self.oidc_client_id and self.console_url):
            raise ValueError("SIJIL_OIDC_ISSUER needs SIJIL_OIDC_CLIENT_ID and SIJIL_CONSOLE_URL")
        if self.local_accounts == "off" and not self.oidc_issuer:
            raise ValueError("SIJIL_LOCAL_ACCOUNTS=off needs SIJIL_OIDC_ISSUER, or nobody could sign in")
        return self

    def database_url_shown(self) -> str:
        """The database's address without its password, for messages."""
        # Up to the last @: a password may hold one.
        shown = re.sub(r"(//[^:/@]*):.*@", r"\1:***@", self.database_url or "no address")
        return re.sub(r"\bpassword=[^&]*", "password=***", shown)

    def anchors_folder(self) -> Path:
        """The folder of the daily anchors."""
        return self.anchors or self.home / "anchors"

    def key(self) -> bytes:
        """The secret that signs receipts and pseudonyms. The first use makes one if the settings have none.

        Raises Unavailable if the file in `home` holds no key.
        """
        if self.secret_key is not None:
            return self.secret_key.get_secret_value().encode()
        path = self.home / "secret.key"
        make_once(path, lambda: secrets.token_urlsafe(32))
        key = path.read_text(encoding="utf-8").strip()
        if len(key) < SHORTEST_KEY:
            text = (
                f"{path} holds no key: it has {len(key)} characters, and {SHORTEST_KEY} is the least. "
                "Restore it, or every receipt's secret is void."
            )
            raise Unavailable(text)
        return key.encode()

    def document_keyring(self) -> dict[str, bytes]:
        """The keys that guard documents by their ids, the newest first.

        The first use makes one if the settings have none. Raises Unavailable if the file in `home` holds no keys.
        """
        if self.document_keys is not None:
            return read_keys(self.document_keys.get_secret_value())
        path = self.document_keys_file()
        make_once(path, new_document_key)
        try:
            return read_keys(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise Unavailable(f"{path} cannot be read: {error}. Restore it, or no document can be opened.") from None

    def document_keys_file(self) -> Path:
        """Where the keys are kept that the settings do not name."""
        return self.home / "documents.keys"

    def add_document_key(self) -> str:
        """Puts a new key before those in `home`, and returns its id. Raises Refused where the settings name keys."""
        if self.document_keys is not None:
            raise Refused("keys_in_settings", "SIJIL_DOCUMENT_KEYS names the keys: put the new one first there.")
        self.document_keyring()
        path = self.document_keys_file()
        fresh = new_document_key()
        beside = private_file(path, f"{fresh}\n{path.read_text(encoding='utf-8')}")
        beside.replace(path)
        return fresh.partition(":")[0]


def new_document_key() -> str:
    """A key for documents as the settings have it: an id, and 32 random bytes in base64."""
    return f"{secrets.token_hex(4)}:{b64encode(secrets.token_bytes(DOCUMENT_KEY)).decode()}"


def read_keys(text: str) -> dict[str, bytes]:
    """Keys of documents by their ids, in the order of the text. Raises ValueError."""
    found: dict[str, bytes] = {}
    for each in text.split():
        name, _, key = each.partition(":")
        try:
            found[name] = b64decode(key, validate=True)
        except ValueError:
            raise ValueError("Must be keys as id:key, each key in base64") from None
        if not re.fullmatch(r"[A-Za-z0-9_.-]{1,40}", name) or len(found[name]) != DOCUMENT_KEY:
            raise ValueError(f"Must be keys as id:key, each key of {DOCUMENT_KEY} bytes in base64")
    if not found or len(found) < len(text.split()):
        raise ValueError("Must be one key at least, and no id twice")
    return found


def make_once(path: Path, made: Callable[[], str]) -> None:
    """Writes a file that only we can read, where there is none yet; of two processes that do, one wins."""
    if path.exists():
        return
    fresh = private_file(path, made())
    try:
        path.hardlink_to(fresh)  # the first process wins; a second one then reads its key
    except FileExistsError:
        pass
    finally:
        fresh.unlink()


def private_file(path: Path, text: str) -> Path:
    """A file beside another that only we can read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(f".{secrets.token_hex(4)}")
    fresh.touch(mode=0o600)
    fresh.write_text(text, encoding="utf-8")
    return fresh


@cache
def settings() -> Settings:
    """The settings of this process, read once. `settings.cache_clear()` reads them again."""
    return Settings()


def unknown_settings() -> Iterator[tuple[str, str | None]]:
    """Names in the environment that look like a setting and are none, each with the nearest setting, if any."""
    known = [name.upper() for name in Settings.model_fields]
    for name in sorted(os.environ):  # noqa: TID251 - this is the one place
        given = name.upper().removeprefix(PREFIX)
        if name.upper().startswith(PREFIX) and given not in known:
            nearest = get_close_matches(given, known, n=1)
            yield name, PREFIX + nearest[0] if nearest else None
