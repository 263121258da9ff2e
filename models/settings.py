"""The only place that reads the environment. Every setting is `SIJIL_` and its name in capitals."""

import os
import re
import secrets
from collections.abc import Iterator
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from models.errors import Unavailable
from models.patterns import HTTP_ADDRESS, PROVIDER_ADDRESS

PREFIX = "SIJIL_"
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
    gateway_url: str = Field(
        "http://127.0.0.1:8001", pattern=HTTP_ADDRESS, description="The message gateway that deliveries go to."
    )
    population_register: str = Field(
        "workflows.registers.population:LocalRegister",
        description="Which population register answers, as module:class. "
        "It must be a local one: it is asked while the batch's transaction is open. "
        "A remote one would need a lease (docs/decisions/0002).",
    )
    processes: int = Field(2, ge=1, le=256, description="Worker processes of one `sijil work`.")
    threads: int = Field(2, ge=1, le=64, description="Threads of each worker process.")
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

    @field_validator("secret_key")
    @classmethod
    def long_enough(cls, key: SecretStr | None) -> SecretStr | None:
        """Refuses a key that is set and too short, even an empty one."""
        if key is not None and len(key.get_secret_value().strip()) < SHORTEST_KEY:
            raise ValueError(f"Must have {SHORTEST_KEY} characters or more, long and random")
        return key

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
        if not path.exists():
            self.home.mkdir(parents=True, exist_ok=True)
            fresh = path.with_suffix(f".{secrets.token_hex(4)}")
            fresh.touch(mode=0o600)
            fresh.write_text(secrets.token_urlsafe(32), encoding="utf-8")
            try:
                path.hardlink_to(fresh)  # the first process wins; a second one then reads its key
            except FileExistsError:
                pass
            finally:
                fresh.unlink()
        key = path.read_text(encoding="utf-8").strip()
        if len(key) < SHORTEST_KEY:
            text = (
                f"{path} holds no key: it has {len(key)} characters, and {SHORTEST_KEY} is the least. "
                "Restore it, or every receipt's secret is void."
            )
            raise Unavailable(text)
        return key.encode()


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
