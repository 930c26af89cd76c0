"""What a person makes of a content: by a few fields, from a file, or in their editor."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from worker.cli import message_file
from worker.cli.dead_letters import content, paths
from worker.cli.dead_letters.differences import differing, same
from worker.cli.dead_letters.editor import opened
from worker.cli.dead_letters.judging import violations
from worker.cli.dead_letters.masking import masked_field
from worker.cli.dead_letters.shapes import shape_of
from worker.errors import Refusal, UsageError
from worker.formats.content import read_json

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from worker.cli.dead_letters.content import Content
    from worker.errors import Violation
    from worker.stored import Stored


@dataclass(frozen=True, slots=True)
class Changes:
    """What is to become of it: fields, or the content of a file; with neither, the editor's."""

    sets: tuple[str, ...] = ()
    unsets: tuple[str, ...] = ()
    file: Path | None = None

    @property
    def in_editor(self) -> bool:
        """Whether a person sees all of it."""
        return not (self.sets or self.unsets or self.file)


@dataclass(frozen=True, slots=True)
class Source:
    """What an edit begins with: the content as it came, and the one in force."""

    stored: Stored
    sent: Content | None
    force: Content | None

    @classmethod
    def of(cls, stored: Stored) -> Source:
        """Both are the same until somebody edits it."""
        sent = content.as_it_came(stored)
        fact = content.is_fact(stored.delivery.queue)
        edited = stored.edited
        return cls(stored, sent, sent if edited is None else content.edited(edited, fact=fact))

    @property
    def fact(self) -> bool:
        """Whether it is of the register."""
        return content.is_fact(self.stored.delivery.queue)

    def text(self) -> str:
        """What the editor begins with."""
        if self.force is not None:
            return json.dumps(self.force.document, ensure_ascii=False, indent=2) + "\n"
        try:
            return self.stored.delivery.body.decode()
        except UnicodeDecodeError:
            raise UsageError("it is no text; give the whole content with --file") from None

    def wrong(self, data: bytes) -> list[Violation]:
        """What is wrong with `data` in its place."""
        return violations(data, self.sent, fact=self.fact)

    def unchanged(self, data: bytes) -> bool:
        """Whether it is what is in force already; what could not be read becomes another."""
        if self.force is None:
            return data == self.stored.delivery.body
        if not self.force.whole:
            return False
        try:
            return same(read_json(data), self.force.document)
        except Refusal:
            return False

    def fields(self, data: bytes) -> list[str]:
        """The paths that differ, and no value."""
        after = read_json(data)
        before = {} if self.force is None else self.force.document
        return differing(before, after, shape_of(after, fact=self.fact))


@contextmanager
def draft(source: Source, changes: Changes) -> Iterator[bytes]:
    """The content that a person wants; raises UsageError. See `opened` for what becomes of it."""
    if changes.in_editor:
        with opened(source.text()) as text:
            if not text.strip():
                raise UsageError("nothing was left of it; nothing stored")
            yield text.encode()
    elif changes.file is not None:
        yield message_file.read(changes.file)
    else:
        yield _with_fields(source, changes)


def _with_fields(source: Source, changes: Changes) -> bytes:
    if source.force is None:
        raise UsageError(
            "what came cannot be read, so there are no fields to set;"
            " give the whole content with --file, or edit it without options"
        )
    fact = source.fact
    sets = [paths.change(each) for each in changes.sets]
    made = paths.changed(
        source.force.document,
        source.force.shape,
        [each._replace(path=content.in_body(each.path, fact=fact)) for each in sets],
        [content.in_body(each, fact=fact) for each in changes.unsets],
    )
    return _dumped(made)


def _dumped(document: Any) -> bytes:  # noqa: ANN401 (any JSON)
    try:
        return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        raise UsageError("a value is no text in UTF-8") from None


def told(violation: Violation, source: Source, changes: Changes) -> dict[str, str | None]:
    """For the person; a name that the sender made up only if they see it anyway."""
    field = violation.field
    seen = changes.in_editor or changes.file is not None
    own = {each.partition("=")[0] for each in changes.sets}
    if field is not None and not seen and field not in own:
        shape = shape_of(source.force and source.force.document, fact=source.fact)
        field = masked_field(field, shape)
    return {"code": violation.code, "field": field, "detail": violation.detail}
