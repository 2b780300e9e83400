"""The forms of a page, as a browser would send them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlencode, urljoin


@dataclass(kw_only=True)
class Form:
    """Where a form is sent, and what it says if nobody touches it."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)

    @property
    def shape(self) -> tuple[str, str, tuple[str, ...]]:
        """The same for the form of each row of a list."""
        address = "".join("0" if sign.isdigit() else sign for sign in self.action)
        return self.method, address.partition("?")[0], tuple(sorted(self.fields))


class FormParser(HTMLParser):
    """Collects the forms; a field that stands outside its form names it."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self.address = address
        self.forms: list[Form] = []
        self.by_id: dict[str, Form] = {}
        self.open: Form | None = None
        self.select: tuple[Form, str] | None = None
        self.text: tuple[Form, str] | None = None
        self.outside: list[tuple[str, str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        name, value = given.get("name", ""), given.get("value", "")
        if tag == "form":
            action = urljoin(self.address, given.get("action", ""))
            self.open = Form(action=action, method=given.get("method", "get").lower())
            self.forms.append(self.open)
            if "id" in given:
                self.by_id[given["id"]] = self.open
        elif tag in {"input", "select", "textarea", "button"} and name:
            if "form" in given:
                self.outside.append((given["form"], name, value))
            elif self.open is not None:
                self.open.fields.setdefault(name, value)
                self.select = (self.open, name) if tag == "select" else None
                self.text = (self.open, name) if tag == "textarea" else None
        elif tag == "option" and self.select:
            form, name = self.select
            form.fields[name] = form.fields[name] or value

    def handle_data(self, data: str) -> None:
        if self.text:
            form, name = self.text
            form.fields[name] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.open = None
        elif tag == "textarea":
            self.text = None


def forms_of(address: str, html: str) -> Iterator[Form]:
    """The forms of a page that lead to this site."""
    parser = FormParser(address)
    parser.feed(html)
    for owner, name, value in parser.outside:
        if owner in parser.by_id:
            parser.by_id[owner].fields.setdefault(name, value)
    yield from (form for form in parser.forms if form.action.startswith("/"))


def encoded(fields: dict[str, str]) -> str:
    """As a browser sends them; what is no text, as the bytes that it would be."""
    return urlencode(fields, errors="surrogatepass")
