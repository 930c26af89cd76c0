"""Everything that takes bytes from outside, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.fuzz.targets import bounces, commands, mails, messages, properties, register, tokens

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.fuzz.target import Target

TARGETS: Final[Mapping[str, Target]] = {
    "properties": properties.PROPERTIES,
    "messages": messages.MESSAGES,
    "meanings": messages.MEANINGS,
    "xml": messages.XML,
    "authorization": tokens.AUTHORIZATION,
    "signed": tokens.SIGNED,
    "secrets": tokens.SECRETS_FILE,
    "key-sets": tokens.KEY_SET_FILE,
    "register-lines": register.LINES,
    "zaken": register.BY_QUEUE,
    "bounces": bounces.BOUNCES,
    "return-paths": bounces.RETURN_PATHS,
    "mails": mails.MAILS,
    "envelopes": mails.ENVELOPES,
    "answers": mails.ANSWERS,
    "moments": commands.MOMENTS,
    "message-files": commands.FILES,
    "arguments": commands.ARGUMENTS,
}
