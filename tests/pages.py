"""What a mail program sees of an HTML mail: tags, addresses, words, and their colours."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser

# Have no end tag.
_VOID = {"meta", "br"}
_DARK = re.compile(r"\.(\w+) \{ ([^}]*) \}")


@dataclass(frozen=True)
class Look:
    """The colours at some place of the page: as `#rrggbb`, of the words and of what is behind."""

    words: str
    ground: str

    @property
    def contrast(self) -> float:
        """WCAG 2.2, 1.4.3: from 1 to 21; AA asks for 4.5."""
        low, high = sorted((_luminance(self.words), _luminance(self.ground)))
        return (high + 0.05) / (low + 0.05)


class Page(HTMLParser):
    """An HTML mail, read with its dark colours or without."""

    def __init__(self, html: str, *, dark: bool = False) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.styles: list[str] = []
        self.looks: dict[Look, str] = {}
        """Every pair of colours that words are shown in, with some of those words."""
        self._words: list[str] = []
        self._open: list[tuple[str, Look]] = [("", Look("#000000", "#ffffff"))]
        self._rules = dict(_DARK.findall(html)) if dark else {}
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        self.addresses += [given[name] for name in ("href", "src", "background") if name in given]
        self.styles.append(given.get("style", ""))
        if tag not in _VOID:
            self._open.append((tag, self._look(given)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        tag, look = self._open[-1]
        if tag in {"style", "title"}:
            return
        self._words.append(data)
        if data.strip():
            self.looks[look] = data

    @property
    def text(self) -> str:
        return " ".join("".join(self._words).split())

    def _look(self, given: dict[str, str]) -> Look:
        """Its own colours over those of what it stands in; a rule of dark mode over both."""
        sources = [given.get("style", "")]
        sources += [self._rules.get(each, "") for each in given.get("class", "").split()]
        inherited = self._open[-1][1]
        own = {
            name: value
            for source in sources
            for name, value in re.findall(r"(?:^|;\s*)(background-color|color): ?(#\w{6})", source)
        }
        return Look(
            own.get("color", inherited.words), own.get("background-color", inherited.ground)
        )


def _luminance(colour: str) -> float:
    shares = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
