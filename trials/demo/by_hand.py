"""A household of the demo that has not applied: whoever tries the portal applies for it by hand."""

from collections.abc import Iterator

from models.database import scalar, transaction
from trials.demo.register import enrol_in
from trials.generator.household import honest
from trials.generator.identifiers import HOUSEHOLDS, SEEDS

SEED, FIRST = SEEDS - 1, HOUSEHOLDS - 1000  # the end of the last seed, which no demo reaches
FEWEST, MOST = 2, 4  # members: enough to see the list of them, and few to type
APPLIED = "select count(*) from receipt where starts_with(idempotency_key, 'page:')"


def household_to_apply(remote: bool = False) -> Iterator[str]:
    """Enrols the next one in the population register; gives a line for each member, as they are typed."""
    with transaction() as connection:
        applied = int(scalar(connection, APPLIED))
    fitting = (
        made for number in range(FIRST, HOUSEHOLDS) if FEWEST <= len((made := honest(SEED, number)).residents) <= MOST
    )
    made = next(each for place, each in enumerate(fitting) if place == applied)
    enrol_in(remote, (person.row() for person in made.residents))
    for each in made.body["members"]:
        name = f"{each['given_name_ar']} {each['family_name_ar']}" if "given_name_ar" in each else ""
        latin = f"{each['given_name_la']} {each['family_name_la']}" if "given_name_la" in each else ""
        yield f"{each['idcs']}  born {each['birth_date']}  {each['sex']}, {each['relationship']}  {latin or name}"
