"""The one guard of pages, API and command line: who acts, and whether they may."""

from dataclasses import dataclass

from models.errors import Refused
from workflows.staff.rights import OF_COUNTRY, OF_PERSONS, RIGHTS
from workflows.staff.roles import COUNTRY, Grant, Territory, shown
from workflows.staff.signatures import OWNER_NAME


@dataclass(frozen=True, slots=True)
class Acting:
    """Who acts, with the roles that they have.

    `account`: the number of a proved account; None for the owner of the installation, and for a name that nobody
    proves, where there are no accounts.
    """

    name: str
    account: int | None = None
    grants: tuple[Grant, ...] = ()
    unproved: bool = False

    @property
    def is_owner(self) -> bool:
        """Whether it is the owner of the installation."""
        return self.account is None and not self.unproved

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles, each once."""
        return tuple(dict.fromkeys(each.role for each in self.grants))


OWNER = Acting(OWNER_NAME)


@dataclass(frozen=True, slots=True)
class Subject:
    """What is acted upon: where it belongs, and whether it is the own work of who acts, another's (False) or nobody's
    (None).
    """

    territory: Territory = COUNTRY
    own: bool | None = None


ANYWHERE = None  # an act that is about no case, or about many, of which each query takes those of the territory


def permit(who: Acting, act: str, subject: Subject | None = ANYWHERE, *, role: str | None = None) -> str:
    """The role in which somebody may do this: the named one, or the first that they have.

    Returns `owner` for the owner of the installation, and `` for a name that nobody proves: without accounts all may
    do all. Raises Refused, which says whether a role, the territory or the holder is in the way.
    """
    if who.unproved:
        return role or ""
    if who.is_owner:
        return owner_may(act)
    having = [each for each in who.grants if each.role in RIGHTS[act] and role in (None, each.role)]
    if not having:
        raise Refused("another_role", f"{needed(act)} may do this. Your account is: {shown(who.grants)}.")
    if subject is ANYWHERE and act not in OF_COUNTRY:
        return having[0].role
    subject = subject or Subject()
    near = [each for each in having if each.territory.covers(subject.territory)]
    if not near:
        raise Refused("another_territory", f"This {belongs(act)}. Your account is: {shown(having)}.")
    allowed = [each for each in near if RIGHTS[act][each.role].allows(subject.own)]
    if not allowed:
        own = "your own work, so somebody else has to" if subject.own else "not yours: take it first, or leave it"
        raise Refused("not_yours", f"It is {own}.")
    return allowed[0].role


def owner_may(act: str) -> str:
    """`owner`, but for what people decide. Raises Refused."""
    if act in OF_PERSONS:
        raise Refused(
            "needs_account",
            f"{needed(act)} does this, with an account that tells them apart. Sign in: sijil staff sign-in NAME",
        )
    return "owner"


def belongs(act: str) -> str:
    """What is wrong with the territory in which somebody would do this."""
    if act in OF_COUNTRY:
        return "concerns the whole country"
    return f"{'account' if act == 'change_staff' else 'case'} belongs to another office"


def needed(act: str) -> str:
    """Who may do an act, in words."""
    roles = [with_article(each.replace("_", " ")) for each in RIGHTS[act]]
    return f"Only {' or '.join(roles)}" if roles else "Only the owner of the installation, from a shell,"


def with_article(role: str) -> str:
    """A role as a sentence names it: `an auditor`."""
    return f"{'an' if role[0] in 'aeio' else 'a'} {role}"
