"""The keys of tokens, kept up to date: files when they change, an address by asking again.

What cannot be had leaves the last good keys in use: an outage of the identity provider, or a
file that is half written, refuses nobody whose key is known.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from worker.authentication import Authentication, Keys
from worker.clock import pause
from worker.errors import Outage, UsageError
from worker.keys.key_set import parse_key_set
from worker.keys.secrets_file import RECOMMENDED_BYTES, parse_secrets
from worker.keys.watched import WatchedFile

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Mapping
    from datetime import timedelta

    from worker.authentication import PublicKey
    from worker.claims import Expected
    from worker.domain.identity import Identity
    from worker.logs import Log

SECRETS: Final = "KLANTCONTACT_TOKEN_SECRETS_FILE"
JWKS: Final = "KLANTCONTACT_OPENID_JWKS"
# Between two tries for a key that is not known: a sender of made-up ones costs no more.
_APART_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Sources:
    """Where keys come from: a file of secrets, and a JWKS file or address; one at least."""

    secrets: Path | None
    key_set: str | None
    refresh: timedelta
    """How often an address is asked again."""


class TokenKeys:
    """Proves identities with the keys that are in force."""

    def __init__(self, sources: Sources, expected: Expected, log: Log) -> None:
        """Read the files; raises UsageError where there is none, or one cannot be used."""
        if sources.secrets is None and not sources.key_set:
            raise UsageError(f"no token can be verified: set {SECRETS}, {JWKS} or both")
        self._authentication = Authentication(expected)
        self._log = log
        self._refresh = sources.refresh
        self._url = sources.key_set if _is_address(sources.key_set) else None
        self._secrets_file = WatchedFile(sources.secrets, SECRETS) if sources.secrets else None
        self._key_set_file = (
            WatchedFile(Path(sources.key_set), JWKS) if sources.key_set and not self._url else None
        )
        self._asked = float("-inf")
        self._said = ""
        self._read_secrets()
        self._read_key_set()

    def prove(self, headers: Mapping[str, Any], body: bytes) -> Identity:
        """Who the token of a message names; raises Refusal."""
        return self._authentication.prove(headers, body)

    def look(self) -> None:
        """Take up files that changed; one that cannot be used is said, and changes nothing."""
        for read in (self._read_secrets, self._read_key_set):
            try:
                read()
            except UsageError as error:
                self._say(str(error))

    async def open(self) -> None:
        """Have the keys of the address, if there is one; raises Outage while there are none."""
        if self._url is not None and not self._authentication.keys.public:
            await self._fetch(self._url)

    async def renew(self) -> bool | None:
        """Ask for a key that a token named and that isn't there; whether the keys are new.

        None: the provider is away, or was asked a moment ago, so the key may still come.
        """
        if not self._authentication.key_was_unknown or self._url is None:
            return False
        if time.monotonic() - self._asked < _APART_SECONDS:
            return None
        return await self._try_fetch(self._url) or None

    async def keep_fresh(self, stop: asyncio.Event) -> None:
        """Ask the address again every so often, until `stop`: a key withdrawn there goes."""
        while not stop.is_set():
            await pause(stop, self._refresh.total_seconds())
            if self._url is not None and not stop.is_set():
                await self._try_fetch(self._url)

    async def _try_fetch(self, url: str) -> bool:
        try:
            await self._fetch(url)
        except Outage as error:
            self._say(str(error))
            return False
        return True

    def _say(self, reason: str) -> None:
        """Once for each trouble: a file that is gone is looked for with every batch."""
        if reason != self._said:
            self._log.warning("sleutels_ongewijzigd", reden=reason)
        self._said = reason

    async def _fetch(self, url: str) -> None:
        self._asked = time.monotonic()
        # Its HTTP client takes a fifth of what starting takes.
        from worker.keys.fetching import fetch  # noqa: PLC0415 (where keys have an address)

        content = await fetch(url)
        try:
            self._use(public=parse_key_set(content, url))
        except UsageError as error:
            raise Outage(str(error)) from None

    def _read_secrets(self) -> None:
        if self._secrets_file and (content := self._secrets_file.changed()) is not None:
            secrets = parse_secrets(content, self._secrets_file.name)
            for name in secrets.short:
                self._log.warning("geheim_kort", client_id=name, bytes_nodig=RECOMMENDED_BYTES)
            self._use(secrets=secrets.keys)

    def _read_key_set(self) -> None:
        if self._key_set_file and (content := self._key_set_file.changed()) is not None:
            self._use(public=parse_key_set(content, self._key_set_file.name))

    def _use(
        self,
        *,
        secrets: Mapping[str, Any] | None = None,
        public: Mapping[str | None, PublicKey] | None = None,
    ) -> None:
        self._said = ""
        now = self._authentication.keys
        self._authentication.keys = Keys(
            now.secrets if secrets is None else secrets, now.public if public is None else public
        )


def _is_address(key_set: str | None) -> bool:
    """Whether it is an https address; plain http only on this machine. Raises UsageError."""
    if key_set is None or "://" not in key_set:
        return False
    parts = urlsplit(key_set)
    if parts.scheme == "https" or (
        parts.scheme == "http" and parts.hostname in {"localhost", "127.0.0.1", "::1"}
    ):
        return True
    raise UsageError(f"{JWKS} must be a file or an https:// address")
