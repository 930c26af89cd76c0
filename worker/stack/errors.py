"""What goes wrong with the embedded stack, in the words of whoever started it."""

from __future__ import annotations


class StackError(Exception):
    """The stack can't be had or can't go on; the message is one line and says what to do."""
