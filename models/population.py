"""The population register: every inhabitant, as the local register stores them."""

from datetime import date
from typing import Literal

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, Column, Double, ForeignKey, Identity, Index, Text, text
from sqlmodel import Field, SQLModel

BirthPrecision = Literal["day", "year"]
Sex = Literal["female", "male"]
PersonStatus = Literal["alive", "deceased"]


class IssuedIdentifier(SQLModel, table=True):
    """An identifier that belongs to a person, or did, or will: it never comes again, though its person be erased.

    The database refuses to change or delete a row.
    """

    __tablename__ = "issued_identifier"

    idcs: str = Field(sa_column=Column(Text, primary_key=True))


class Person(SQLModel, table=True):
    """One inhabitant.

    `idcs` is the digital civil and social identifier: ten digits that mean nothing (decree 2-21-473). Nobody has one
    that is not among those issued. A name may be known in one script only, and nothing is written in the other for it.
    """

    __table_args__ = (
        # A case enrols one person.
        Index("person_enrolled_by", "enrolled_by", unique=True, postgresql_where=text("enrolled_by is not null")),
        Index("person_keys", "keys", postgresql_using="gin", postgresql_with={"fastupdate": "off"}),
        CheckConstraint(
            "coalesce(given_name_ar, family_name_ar, given_name_la, family_name_la) is not null", name="person_has_name"
        ),
        CheckConstraint("cardinality(keys) > 0", name="person_can_be_found"),
        CheckConstraint("idcs ~ '^[0-9]{10}$'", name="person_idcs_is_ten_digits"),
        CheckConstraint("sex in ('female', 'male')", name="person_sex_known"),
        CheckConstraint("birth_precision in ('day', 'year')", name="person_birth_precision_known"),
        CheckConstraint("status in ('alive', 'deceased')", name="person_status_known"),
    )

    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=False), primary_key=True))
    idcs: str = Field(sa_column=Column(Text, ForeignKey("issued_identifier.idcs"), nullable=False, unique=True))
    given_name_ar: str | None = None
    family_name_ar: str | None = None
    given_name_la: str | None = None
    family_name_la: str | None = None
    birth_date: date
    birth_precision: str = "day"  # "year": only the year is known, the day is written 01-01
    sex: str
    cin: str | None = None  # number of the national identity card; children and foreign residents may have none
    status: str = "alive"
    birth_place: str | None = None
    nationality: str | None = None  # ISO 3166-1
    guardian: str | None = None  # the identifier of the parent or guardian who came to the enrolment of a child
    enrolled_by: int | None = Field(default=None, sa_column=Column(BigInteger))  # the case; None: a file
    phone: str | None = None  # in the form of E.164
    commune: str | None = None  # of the address
    address: str | None = None
    keys: list[int] = Field(sa_column=Column(ARRAY(BigInteger), nullable=False))
    """By which likely duplicates are searched (workflows/matching/duplicates/keys.py); written with the person."""


class NameShare(SQLModel, table=True):
    """How many of all people have a name, as it was counted last: seldom names say more than frequent ones.

    Nothing rests on it but how much a name says; it is counted anew once a day.
    """

    __tablename__ = "name_share"

    key: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    share: float = Field(sa_column=Column(Double, nullable=False))
