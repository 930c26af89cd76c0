"""One dead letter as it may be shown: the same for a terminal and for `--json`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from worker.cli.dead_letters import content, headers
from worker.cli.dead_letters.marking import Fault
from worker.cli.dead_letters.masking import masked, masked_field
from worker.cli.dead_letters.selecting import group_name
from worker.cli.dead_letters.shapes import KLANTCONTACT, ZAAK
from worker.cli.hiding import MASK
from worker.contract.remedies import remedy_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from worker.cli.dead_letters.content import Content
    from worker.cli.dead_letters.masking import Node
    from worker.contract.remedies import Remedy
    from worker.postgres.dead_letter_details import Details

_TO_BE_DEALT_WITH: Final = ("wacht", "open")
_ADDRESS: Final = re.compile(r"\S+@\S+")


@dataclass(frozen=True)
class Letter:
    """A dead letter with one version of its content, what is personal masked or revealed."""

    found: Details
    version: int
    reveal: bool

    @cached_property
    def content(self) -> Content | None:
        """The version that is shown; None if it is nothing that the contract knows."""
        if self.found.content is not None:
            return content.edited(self.found.content, fact=self._fact)
        return content.as_it_came(self.found.stored)

    @cached_property
    def body(self) -> bytes:
        """The version that is shown, to the byte."""
        if self.found.content is not None:
            return self.found.content
        return self.found.stored.delivery.body

    @cached_property
    def tree(self) -> Node | None:
        """Its content, masked."""
        if self.content is None:
            return None
        return masked(self.content.document, self.content.shape, reveal=self.reveal)

    @property
    def text(self) -> str | None:
        """What cannot be read otherwise, as a text if it is one; only where it is revealed."""
        if self.content is not None or not self.reveal:
            return None
        try:
            return self.body.decode()
        except UnicodeDecodeError:
            return None

    @property
    def judged(self) -> int:
        """Which version the problem was found in."""
        return int(self.found.problem.get("versie", 0))

    @property
    def faults(self) -> list[Fault]:
        """What is wrong with the content that is shown, by path; none if another was judged."""
        if self.content is None or not self.content.whole or self.version != self.judged:
            return []
        return [
            Fault(
                content.in_body(each["field"], fact=self._fact),
                f"{each['code']}: {self.said(each)}",
            )
            for each in self._errors
            if each["field"]
        ]

    @property
    def errors(self) -> list[dict[str, Any]]:
        """Every error with its code, field and detail."""
        return [
            {"code": each["code"], "field": self._field(each["field"]), "detail": self.said(each)}
            for each in self._errors
        ]

    @property
    def remedy(self) -> Remedy | None:
        """What the code says is wrong, and what helps."""
        return remedy_of(self.found.code, self.found.veld)

    @property
    def command(self) -> list[str]:
        """The command that helps, in words; none where nothing is to be done."""
        stored = self.found.stored
        if self.remedy is None or stored.toestand not in _TO_BE_DEALT_WITH:
            return []
        # What was edited since it was judged has only to be judged again.
        act = self.remedy.act if self.found.version == self.judged else "retry"
        return ["klantcontact", "dead-letters", *act.split(), str(stored.id)]

    @property
    def group(self) -> str:
        """What `--group` takes."""
        found = self.found
        return group_name(found.code, found.stored.delivery.queue, found.veld)

    @property
    def properties(self) -> dict[str, Any]:
        """Of the delivery."""
        return headers.properties(self.found.properties, reveal=self.reveal)

    @property
    def headers(self) -> dict[str, Any]:
        """Of the delivery."""
        return headers.headers(self.found.properties, reveal=self.reveal)

    @property
    def _fact(self) -> bool:
        return content.is_fact(self.found.stored.delivery.queue)

    @property
    def _errors(self) -> list[dict[str, Any]]:
        errors: list[dict[str, Any]] = self.found.problem.get("errors") or []
        blank = {"code": self.found.code, "field": None, "detail": ""}
        return [{**blank, **each} for each in errors]

    def _field(self, field: str | None) -> str | None:
        if field is None or self.reveal:
            return field
        shape = ZAAK if self._fact else KLANTCONTACT
        if self.content is not None:
            shape = self.content.shape
        return masked_field(content.in_body(field, fact=self._fact), shape)

    def said(self, error: Mapping[str, Any]) -> str:
        """The words of an error; a mail server's may quote the recipient."""
        detail = str(error["detail"])
        return detail if self.reveal else _ADDRESS.sub(MASK, detail)
