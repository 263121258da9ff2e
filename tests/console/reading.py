"""Reads the tables of a page, as a person does: by their headings."""

from html.parser import HTMLParser

Rows = list[dict[str, str]]


class Tables(HTMLParser):
    """Collects the cells of every table, row by row, as text."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[list[list[str]]] = []
        self.inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self.found.append([])
        elif tag == "tr":
            self.found[-1].append([])
        elif tag in ("th", "td"):
            self.found[-1][-1].append("")
            self.inside = True
        elif tag == "br":
            self.handle_data(" ")

    def handle_endtag(self, tag: str) -> None:
        self.inside = self.inside and tag not in ("th", "td")

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.found[-1][-1][-1] += data


def tables(page: str) -> list[Rows]:
    """Every table: the cells of each of its rows, by their headings."""
    parser = Tables()
    parser.feed(page)
    read = [[[" ".join(cell.split()) for cell in row] for row in table] for table in parser.found]
    return [[dict(zip(head, row, strict=False)) for row in body] for head, *body in read]
