"""Reads and checks template files: what a mail is made from, and which names that asks for."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

import jinja2
import jinja2.meta
from jinja2 import nodes

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from jinja2 import Environment

STYLESHEET: Final = "stijl.css"
"""The rules that are put onto the elements of HTML; no template."""


class TemplateError(ValueError):
    """A template that cannot be used: its file and what is wrong with it, never a value."""


class Sources:
    """The files that one mail is made from, each checked when it is added."""

    def __init__(self, folders: Iterable[Path]) -> None:
        self.loader = jinja2.FileSystemLoader(list(folders))
        self._reader = environment(self.loader, autoescape=False)
        self.files: dict[str, str] = {}
        """What is in each, by its name below the template folders."""
        self._names: dict[str, str] = {}

    def add(self, file: str, names: frozenset[str]) -> None:
        """Add the file, and all that it includes or extends; raises TemplateError.

        `names` are those that it may ask for.
        """
        if file in self.files:
            return
        tree = self._parsed(file, self.read(file), names)
        for other in jinja2.meta.find_referenced_templates(tree):
            if other is None:
                raise TemplateError(f"{file}: includes a template by a name that is not literal")
            self.add(other, names)

    def read(self, file: str) -> str:
        """Add the file as it is; raises TemplateError."""
        try:
            source, path, _ = self.loader.get_source(self._reader, file)
        except jinja2.TemplateNotFound as error:
            raise TemplateError(f"{file}: not found in the template folders") from error
        except (OSError, UnicodeDecodeError) as error:
            raise TemplateError(f"{file}: cannot be read: {error}") from error
        self._names[path] = file
        self.files[file] = source
        return source

    def _parsed(self, file: str, source: str, names: frozenset[str]) -> nodes.Template:
        try:
            tree = self._reader.parse(source, filename=file)
            asked = jinja2.meta.find_undeclared_variables(tree)
        except jinja2.TemplateSyntaxError as error:
            raise TemplateError(f"{file}, line {error.lineno}: {error.message}") from error
        if unknown := asked - names - self._reader.globals.keys():
            line = min(each.lineno for each in tree.find_all(nodes.Name) if each.name in unknown)
            only = f"asks for {_listed(unknown)}; a template gets only {_listed(names)}"
            raise TemplateError(f"{file}, line {line}: {only}")
        return tree

    def name(self, path: str) -> str | None:
        """The name below the template folders of the file that was read there."""
        return self._names.get(path)

    @property
    def digest(self) -> str:
        """SHA-256 in hex over all of them."""
        whole = "\0".join(f"{file}\0{source}" for file, source in sorted(self.files.items()))
        return hashlib.sha256(whole.encode()).hexdigest()


def environment(loader: jinja2.BaseLoader, *, autoescape: bool) -> Environment:
    """How every template is read."""
    return jinja2.Environment(
        loader=loader,
        autoescape=autoescape,  # noqa: S701 - off for what is not HTML
        undefined=jinja2.StrictUndefined,
        # A tag on a line of its own leaves no empty line behind.
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
