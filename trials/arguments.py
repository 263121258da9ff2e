"""Options that several commands of trials and benchmarks take."""

from typing import Annotated

import typer

from trials.generator.identifiers import SEEDS

Seed = Annotated[
    int,
    typer.Option(min=0, max=SEEDS - 1, help="Which population: the same seed gives the same persons and applications."),
]
AnySeed = Annotated[
    int,
    typer.Option(
        min=0,
        max=2**63 - 1,
        help="Which population, which strikes, and what people do. It does not fix when each happens.",
    ),
]
