"""Where people live and how many live together.

The shares are near those of the 2024 census (HCP), rounded: good for a demo, not for statistics.
"""

from typing import NamedTuple


class Region(NamedTuple):
    """A region: its share of the country's households in percent, its share of rural ones, some communes."""

    number: int
    share: float
    rural: float
    urban_communes: tuple[str, ...]
    rural_communes: tuple[str, ...]


REGIONS = (
    Region(
        1,
        11.0,
        0.36,
        ("Tanger", "Tétouan", "Al Hoceïma", "Larache"),
        ("Bni Bouayach", "Oued Laou", "Zoumi", "Bni Arouss"),
    ),
    Region(
        2, 6.4, 0.31, ("Oujda", "Nador", "Berkane", "Taourirt"), ("Aïn Sfa", "Bni Drar", "Tiztoutine", "Sidi Bouhria")
    ),
    Region(3, 12.2, 0.36, ("Fès", "Meknès", "Taza", "Sefrou"), ("Aïn Taoujdate", "Bhalil", "Tissa", "Oued Amlil")),
    Region(
        4,
        14.2,
        0.27,
        ("Rabat", "Salé", "Kénitra", "Témara"),
        ("Sidi Taïbi", "Dar Gueddari", "Sidi Allal Tazi", "Had Kourt"),
    ),
    Region(
        5,
        6.7,
        0.48,
        ("Béni Mellal", "Khénifra", "Khouribga", "Azilal"),
        ("Aït Attab", "Ouaouizeght", "Foum Jemâa", "El Ksiba"),
    ),
    Region(
        6,
        21.9,
        0.25,
        ("Casablanca", "Mohammedia", "El Jadida", "Settat"),
        ("Ouled Frej", "Sidi Smaïl", "Bir Jdid", "Guisser"),
    ),
    Region(
        7,
        13.2,
        0.53,
        ("Marrakech", "Safi", "Essaouira", "Youssoufia"),
        ("Aït Ourir", "Tameslouht", "Ounagha", "Sidi Tijji"),
    ),
    Region(
        8, 4.1, 0.62, ("Errachidia", "Ouarzazate", "Zagora", "Midelt"), ("Tinejdad", "Skoura", "Agdz", "Boumalne Dadès")
    ),
    Region(9, 7.8, 0.38, ("Agadir", "Inezgane", "Taroudannt", "Tiznit"), ("Aït Iaaza", "Massa", "Tafraout", "Belfaa")),
    Region(10, 1.2, 0.33, ("Guelmim", "Sidi Ifni", "Tan-Tan"), ("Asrir", "Tighirt", "Fask")),
    Region(11, 1.0, 0.08, ("Laâyoune", "Boujdour"), ("Foum El Oued", "Daoura")),
    Region(12, 0.3, 0.12, ("Dakhla",), ("El Argoub", "Bir Anzarane")),
)

# Household kinds in percent: one person, a couple, parents with children, one parent with children, three generations.
KINDS = (("single", 8), ("couple", 9), ("family", 61), ("lone_parent", 8), ("three_generations", 14))
CHILDREN_URBAN = (0.0, 0.28, 0.38, 0.22, 0.09, 0.03)  # of a family: none, one, two ...
CHILDREN_RURAL = (0.0, 0.20, 0.30, 0.24, 0.15, 0.08, 0.03)
