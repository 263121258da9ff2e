"""The population register: every inhabitant, as the local register stores them."""

from datetime import date
from typing import Literal

from sqlalchemy import BigInteger, CheckConstraint, Column, Identity, Text
from sqlmodel import Field, SQLModel

BirthPrecision = Literal["day", "year"]
Sex = Literal["female", "male"]
PersonStatus = Literal["alive", "deceased"]


class Person(SQLModel, table=True):
    """One inhabitant.

    `idcs` is the digital civil and social identifier: ten digits that mean nothing (decree 2-21-473).
    """

    __table_args__ = (
        CheckConstraint("idcs ~ '^[0-9]{10}$'", name="person_idcs_is_ten_digits"),
        CheckConstraint("sex in ('female', 'male')", name="person_sex_known"),
        CheckConstraint("birth_precision in ('day', 'year')", name="person_birth_precision_known"),
        CheckConstraint("status in ('alive', 'deceased')", name="person_status_known"),
    )

    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=False), primary_key=True))
    idcs: str = Field(sa_column=Column(Text, nullable=False, unique=True))
    given_name_ar: str
    family_name_ar: str
    given_name_la: str
    family_name_la: str
    birth_date: date
    birth_precision: str = "day"  # "year": only the year is known, the day is written 01-01
    sex: str
    cin: str | None = None  # number of the national identity card; children and foreign residents may have none
    status: str = "alive"
