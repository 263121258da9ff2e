"""The staff: their accounts, the roles that these have and where, their sessions, and the waits after failed sign-ins.

Accounts are locked and never deleted: the history names them for ever. The database holds who may not be both.
"""

from datetime import datetime

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    SmallInteger,
    Text,
    UniqueConstraint,
    literal_column,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, ExcludeConstraint
from sqlmodel import Field, SQLModel

ROLES = (
    "caseworker",
    "supervisor",
    "commission",
    "population_officer",
    "operator",
    "auditor",
    "administrator",
)
DECIDING = ("caseworker", "supervisor", "commission")  # what an administrator, who makes accounts, may not be
KNOWN_ROLES = f"role in ({', '.join(repr(role) for role in ROLES)})"
ADMINISTRATION = f"role in ('administrator', {', '.join(repr(role) for role in DECIDING)})"


class StaffAccount(SQLModel, table=True):
    """A person of the staff who may sign in: by a password and a code, or by the agency's identity provider."""

    __tablename__ = "staff_account"
    __table_args__ = (
        CheckConstraint("(issuer is null) = (subject is null)", name="staff_account_provider_whole"),
        CheckConstraint("(password is null) or (issuer is null)", name="staff_account_one_way_in"),
        UniqueConstraint("issuer", "subject", name="staff_account_of_provider"),
    )

    id: int = Field(sa_column=Column(BigInteger, Identity(always=False), primary_key=True))
    key: str = Field(sa_column=Column(Text, nullable=False, unique=True))  # the name as `name_key` compares it
    name: str
    made_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    locked_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    password: str | None = None  # its argon2id hash
    # Given by an administrator, to be replaced at the first sign-in, before this moment.
    password_until: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    app_secret: bytes | None = Field(default=None, sa_column=Column(LargeBinary))  # of the authenticator, sealed
    app_step: int = Field(default=0, sa_column=Column(BigInteger, nullable=False, server_default="0"))  # last one used
    recovery: list[bytes] = Field(  # the digests of the codes that are left
        default=[], sa_column=Column(ARRAY(LargeBinary), nullable=False, server_default="{}")
    )
    issuer: str | None = None  # of the identity provider (OpenID Connect, `iss`)
    subject: str | None = None  # there (`sub`)


class StaffRole(SQLModel, table=True):
    """A role that an account has: in the country, in a region, or in a province."""

    __tablename__ = "staff_role"
    __table_args__ = (
        CheckConstraint(KNOWN_ROLES, name="staff_role_known"),
        CheckConstraint("region between 1 and 12", name="staff_role_region_known"),
        CheckConstraint("province is null or region is not null", name="staff_role_province_in_region"),
        UniqueConstraint("account_id", "role", "region", "province", postgresql_nulls_not_distinct=True),
        # Whoever checks the others is none of them.
        ExcludeConstraint(
            ("account_id", "="),
            (literal_column("((role = 'auditor')::int)"), "<>"),
            using="gist",
            name="staff_role_auditor",
        ),
        # Whoever makes accounts decides no case.
        ExcludeConstraint(
            ("account_id", "="),
            (literal_column("((role = 'administrator')::int)"), "<>"),
            using="gist",
            where=text(ADMINISTRATION),
            name="staff_role_administrator",
        ),
    )

    id: int = Field(sa_column=Column(BigInteger, Identity(always=False), primary_key=True))
    account_id: int = Field(sa_column=Column(BigInteger, ForeignKey("staff_account.id"), nullable=False))
    role: str
    region: int | None = Field(default=None, sa_column=Column(SmallInteger))  # 1 to 12; none: the country
    province: str | None = None  # ISO 3166-2:MA; none: the whole region


class StaffSession(SQLModel, table=True):
    """A session of an account: in a browser, or of a shell. Its token is kept as a digest."""

    __tablename__ = "staff_session"
    __table_args__ = (Index("staff_session_of", "account_id", postgresql_where=text("ended_at is null")),)

    digest: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    account_id: int = Field(sa_column=Column(BigInteger, ForeignKey("staff_account.id"), nullable=False))
    owes: str | None = None  # what of the sign-in is owed next; none: it is complete
    began_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    seen_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    ended_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))


class SignInWait(SQLModel, table=True):
    """Failed tries to sign in, by account, by device or by address: how many, and until when the next one waits."""

    __tablename__ = "sign_in_wait"

    key: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))  # a keyed digest of whom it counts
    failures: int
    last_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    free_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class SignInFlow(SQLModel, table=True):
    """A sign-in that began here and goes on at the identity provider, until its answer comes back, once."""

    __tablename__ = "sign_in_flow"
    __table_args__ = (Index("sign_in_flow_by_age", "begun_at"),)

    state: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))  # the digest of what goes there and back
    browser: bytes = Field(sa_column=Column(LargeBinary, nullable=False))  # the digest of the cookie that began it
    verifier: str  # of PKCE (RFC 7636): who has the code alone cannot exchange it
    nonce: str  # what the provider's token has to repeat
    next: str  # where the reader wanted to go
    begun_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class KeptForm(SQLModel, table=True):
    """What somebody typed into a form of the console, for the page that goes on with it."""

    __tablename__ = "kept_form"

    account_id: int = Field(
        sa_column=Column(BigInteger, ForeignKey("staff_account.id"), primary_key=True, autoincrement=False)
    )
    address: str = Field(primary_key=True)
    fields: list[list[str]] = Field(sa_column=Column(JSONB, nullable=False))
    kept_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
