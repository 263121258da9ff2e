"""Somebody who has a keyboard alone: they press Tab, Enter, Space and arrows, and type; and look where they are."""

from typing import Any, NamedTuple

from playwright.sync_api import Page

MOST_TABS = 120
NEAR = 6  # px by which what stands in one row may differ
# Where the focus is; nothing on the page as a whole. Its ring is one that the sheet draws.
FOCUSED = """wanted => { const e = document.activeElement; if (!e || e === document.body) return null;
    const s = getComputedStyle(e), r = e.getBoundingClientRect(), rows = [...e.getClientRects()];
    return {html: e.outerHTML.slice(0, 100), value: e.value || '', found: e.matches(wanted), rtl: document.dir == 'rtl',
        ring: s.outlineStyle != 'none' && parseFloat(s.outlineWidth) >= 3 && s.outlineColor != s.backgroundColor,
        seen: rows.length > 0 && r.bottom > 0 && r.top < innerHeight && r.right > 0 && r.left < innerWidth,
        top: r.top + scrollY, bottom: r.bottom + scrollY, left: r.left, right: r.right} }"""


class Stop(NamedTuple):
    """Something that the focus came to, and where it is drawn on the page."""

    html: str
    value: str
    found: bool
    rtl: bool
    ring: bool
    seen: bool
    top: float
    bottom: float
    left: float
    right: float

    def follows(self, before: "Stop") -> bool:
        """Whether it is read after what the focus was on before: below it, or beside it in the direction of reading."""
        if self.top >= before.bottom - NEAR:
            return True
        if min(self.bottom, before.bottom) - max(self.top, before.top) < NEAR:
            return False
        return self.right <= before.left + NEAR if self.rtl else self.left >= before.right - NEAR


class Keyboard:
    """The keys, and the page that they work on."""

    def __init__(self, page: Page) -> None:
        self.page = page
        page.on("filechooser", lambda _: None)  # now: where it is asked for late, the browser's own window may open
        self.order: list[Stop] = []  # of the page as it is now

    def at(self, wanted: str = "*") -> Stop | None:
        """Where the focus is."""
        found: dict[str, Any] | None = self.page.evaluate(FOCUSED, wanted)
        return Stop(**found) if found else None

    def to(self, wanted: str) -> Stop:
        """Presses Tab until the focus is there; it is seen at each stop, and goes as one reads."""
        for _ in range(MOST_TABS):
            self.page.keyboard.press("Tab")
            stop = self.at(wanted)
            assert stop, f"no key leads to {wanted} on {self.page.url}"
            assert stop.ring, f"no ring around {stop.html}"
            assert stop.seen, f"not in the window: {stop.html}"
            if self.order:
                assert stop.follows(self.order[-1]), f"out of order: {self.order[-1].html} then {stop.html}"
            self.order.append(stop)
            if stop.found:
                return stop
        raise AssertionError(f"no key leads to {wanted} on {self.page.url}")

    def type(self, wanted: str, text: object) -> None:
        """Types into a field, in the place of what was there: a browser marks it all."""
        self.to(wanted)
        self.page.keyboard.insert_text(str(text))

    def tick(self, wanted: str) -> None:
        """Ticks a box."""
        self.to(wanted)
        self.page.keyboard.press("Space")

    def choose(self, name: str, value: object) -> None:
        """Chooses one of several answers, of which Tab reaches one and the arrows the others."""
        stop: Stop | None = self.to(f"[name='{name}']")
        self.page.keyboard.press("Space")
        for _ in range(40):
            if stop and stop.value == str(value):
                break
            self.page.keyboard.press("ArrowDown")
            stop = self.at(f"[name='{name}']")
            assert stop
            assert stop.ring
        assert self.page.is_checked(f"[name='{name}'][value='{value}']")
        self.order[-1] = stop or self.order[-1]

    def enter(self, wanted: str = "main form:not(.close) button") -> None:
        """Goes to a button or a link and presses Enter: the next page."""
        self.to(wanted)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")
        self.arrive()

    def jump(self, link: str, target: str) -> None:
        """Follows a link within the page, which takes the focus along."""
        self.to(link)
        self.page.keyboard.press("Enter")
        stop = self.at(target)
        assert stop
        assert stop.found, f"the focus is at {stop.html}"
        assert stop.ring
        self.order = []

    def arrive(self) -> None:
        """A page was loaded: the order begins anew. Where something is wrong, the summary has the focus."""
        self.order = []
        if self.page.locator("#problems, .problems").count():
            stop = self.at(".problems")
            assert stop
            assert stop.found, f"the focus is at {stop.html}"
            assert stop.ring
        else:
            assert self.at() is None

    def open(self, address: str) -> None:
        """Types an address."""
        self.page.goto(address)
        self.arrive()
