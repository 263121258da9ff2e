"""Somebody who fills in an application on the portal's pages, as a browser sends it."""

import re
from collections.abc import Mapping
from html import unescape

from tests.filing import Body, a_household, register
from tests.portal.conftest import Client
from tests.portal.standing import work_off
from workflows.intake.codes import code_of, digest


class Applying:
    """Somebody who fills in an application, or asks for an enrolment: they read a page, and send its form."""

    under = "apply"  # how the addresses begin

    def __init__(self, client: Client, language: str = "ar", under: str = "apply") -> None:
        self.client, self.language, self.under = client, language, under
        answer = client.post(f"/{language}/{under}", data={"another": "yes"}, headers={"sec-fetch-site": "same-origin"})
        assert answer.status_code == 200, answer.text
        self.reference = str(answer.url.path).split("/")[3]
        (self.secret,) = re.findall(r'id="secret">(\w+)<', answer.text)

    @property
    def here(self) -> str:
        """The address of the list of tasks."""
        return f"/{self.language}/{self.under}/{self.reference}"

    def page(self, to: str = "") -> str:
        """A page as it is read."""
        answer = self.client.get(f"{self.here}/{to}" if to else self.here)
        assert answer.status_code == 200, (to, answer.text)
        return unescape(answer.text)

    def send(self, to: str, **said: object) -> tuple[int, str, str]:
        """Sends the form of a page with these answers: the status, the page that follows, and its address."""
        page = self.page(to)
        hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page))
        to = to.partition("?")[0]
        fields = {
            name if name in hidden or name in ("do", "code") else f"should.{name.replace('__', '.')}": given
            for name, given in said.items()
        }
        answer = self.client.post(f"{self.here}/{to}", data=hidden | fields)
        return answer.status_code, unescape(answer.text), str(answer.url.path).removeprefix(self.here).strip("/")

    def answer(self, to: str, **said: object) -> str:
        """The same for answers that are taken; the page that follows."""
        status, page, after = self.send(to, **said)
        assert status == 200, (to, said, re.findall(r'class="error"[^>]*>([^<]*)', page))
        return after


def fill_in(who: Applying, body: Body, members: int | None = None) -> None:
    """Answers all questions as this declaration has it, the declarant first."""
    people = sorted(body["members"], key=lambda each: not each.get("declarant"))
    for number, each in enumerate(people[:members], 1):
        add_member(who, number, each)
    household = {each: body[each] for each in ("milieu", "region", "commune")}
    who.answer("milieu", milieu=household["milieu"])
    who.answer("region", region=str(household["region"]))
    who.answer("province", province=body.get("province", ""))
    who.answer("commune", commune=household["commune"])
    housing, has, bills = body["housing"], body.get("belongings", {}), body.get("bills", {})
    who.answer("dwelling", housing__dwelling=housing["dwelling"])
    who.answer("rooms", housing__rooms=str(housing["rooms"]))
    comfort = ("bath_or_shower", "own_electric_meter")
    who.answer("comfort", **{f"housing__{each}": yes(housing.get(each)) for each in comfort})
    who.answer("things", **{f"belongings__{name}": "yes" for name, given in has.items() if given is True})
    counts = ("mobile_phones", "cars", "motorcycles", "cows")
    who.answer("counts", **{f"belongings__{each}": str(has.get(each, "")) for each in counts})
    who.answer("water", bills__water_electricity=[str(each) for each in bills.get("water_electricity") or [0]])
    who.answer("gas", bills__gas=str(bills.get("gas", 0)))
    who.answer("telecom", bills__telecom=str(bills.get("telecom", 0)))
    contact = {"phone": body.get("phone", ""), "email": body.get("email", ""), "language": body.get("language", "ar")}
    who.answer("contact", **contact)


def add_member(who: Applying, number: int, said: Mapping[str, object]) -> None:
    """Answers all that is asked about a member."""
    given = dict.fromkeys(("schooling", "education", "diploma", "occupation", "health_cover"), "none")
    given |= {name: str(each) for name, each in said.items() if not isinstance(each, bool)}
    year, month, day = given["birth_date"].split("-")
    names = {each: given.get(each, "") for each in given if each.endswith(("_ar", "_la"))}
    at = who.answer(f"members/{number}/name", **names)
    while at != "members":
        name = at.rpartition("/")[2]
        answers: Mapping[str, Mapping[str, str]] = {
            "identity": {"idcs": given["idcs"], "cin": given.get("cin", "")},
            "birth": {
                "birth_date__day": day,
                "birth_date__month": month,
                "birth_date__year": year,
                "sex": given["sex"],
            },
            "relationship": {"relationship": given["relationship"]},
            "school": {"schooling": given["schooling"]},
            "education": {
                "education": given["education"],
                "diploma": given["diploma"],
                "literate": yes(said.get("literate")),
            },
            "work": {"occupation": given["occupation"], "earns_income": yes(said.get("earns_income"))},
            "health": {"health_cover": given["health_cover"]},
        }
        at = who.answer(at, **answers[name])


def send_proved(who: Applying) -> str:
    """Sends the application, with the code that comes to its phone; the page that follows."""
    status, _, after = who.send("check")
    if after == "code":
        who.answer("code", do="send")
        status, _, after = who.send("code", code=code_sent(who.client))
    assert status == 200
    return after


def code_sent(client: Client) -> str:
    """The code that this browser asked for, as the message has it."""
    return code_of(digest(client.cookies["__Host-code"]))


def born(day: int, month: int, year: int) -> dict[str, str]:
    """A day of birth as it is typed."""
    return {"birth_date__day": str(day), "birth_date__month": str(month), "birth_date__year": str(year)}


def yes(given: object) -> str:
    """How a form says yes or no."""
    return "yes" if given else "no"


def mark_in(page: str) -> dict[str, str]:
    """What the forms of a page carry."""
    return {"mark": re.findall(r'name="mark" value="(\w+)"', page)[0]}


def sent_application(client: Client) -> tuple[Applying, dict[str, str]]:
    """An application that is sent, and the hidden fields of a form of it that was open meanwhile."""
    made = a_household(0, members=2)
    register([made])
    who = Applying(client, "fr")
    fill_in(who, made.body)
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', who.page("commune")))
    assert send_proved(who) == "receipt"
    return who, hidden


def to_be_corrected(client: Client, language: str) -> tuple[Applying, str]:
    """An application that was sent with a wrong day of birth, and the page that says so to its household."""
    made = a_household(0, members=3)
    register([made])
    who = Applying(client, language)
    people = sorted(made.body["members"], key=lambda each: not each.get("declarant"))[:2]
    people[1] = people[1] | {"birth_date": "1950-01-02"}
    fill_in(who, made.body | {"members": people})
    assert send_proved(who) == "receipt"
    work_off()
    return who, unescape(client.get(f"/{language}/status/{who.reference}").text)
