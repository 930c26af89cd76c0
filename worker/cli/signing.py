"""Which token goes with a message: whose secret or key it is made with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from joserfc.jwk import Key

from worker.cli import message_file, tokens
from worker.cli.message_file import Named
from worker.cli.tokens import Binding
from worker.clock import now
from worker.concurrency import Deadline
from worker.domain.klantcontact import OpvoerderSoort
from worker.errors import Outage, UsageError
from worker.keys.secrets_file import parse_secrets
from worker.keys.token_keys import SECRETS
from worker.postgres.pool import connected
from worker.postgres.showing import show
from worker.postgres.tls import database_url
from worker.rabbitmq.publishing import Publication
from worker.settings import Settings
from worker.stack.errors import StackError
from worker.stack.state import StackState
from worker.stack.tokens import add_clients, provider_key

_REGISTER_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Choice:
    """Whose token it is to be, for a message of `applicatie`; None stands for what fits."""

    applicatie: str
    file: Path | None = None
    """Where a ready-made one is."""
    client: str | None = None
    """Whose secret signs it."""
    user: str | None = None
    """The person in it, if not the opvoerder."""


@dataclass(frozen=True, slots=True)
class Signer:
    """Makes tokens with the keys that `settings` name; those of `stack` where they are its own."""

    settings: Settings
    stack: StackState | None

    async def signed(self, publication: Publication, choice: Choice) -> Publication:
        """The message with a token that proves the opvoerder it names.

        Raises UsageError that says what is missing for one.
        """
        if choice.file is None:
            binding = Binding(publication.body, publication.timestamp or now())
            token = await self._made(binding, choice)
        else:
            token = _ready(choice.file)
        headers = {**publication.headers, "authorization": f"Bearer {token}"}
        return replace(publication, headers=headers)

    async def _made(self, binding: Binding, choice: Choice) -> str:
        named = message_file.opvoerder(binding.body)
        if named and named.soort is OpvoerderSoort.BETROKKENE and choice.client is None:
            return self._openid(binding, choice.user or named.identificatie)
        client = choice.client or await self._client(named, choice.applicatie)
        secret = self._secrets().get(client)
        if secret is None:
            raise UsageError(f"{SECRETS} has no secret of the client id {client}")
        return tokens.shared(binding, secret[0], client, named, choice.user)

    def _openid(self, binding: Binding, subject: str) -> str:
        settings, stack = self.settings, self.stack
        if stack is None or settings.openid_jwks != str(stack.openid_jwks):
            what = "a betrokkene is proven by a token of the identity provider"
            raise UsageError(f"{what}: give one with --token-file")
        with _as_usage():
            key = provider_key(stack.openid_key)
        issuer, audience = settings.openid_issuer, settings.openid_audience
        return tokens.openid(binding, key, subject, issuer=issuer, audience=audience)

    async def _client(self, named: Named | None, applicatie: str) -> str:
        """The client id that fits and has a secret; on the stack it gets one if need be."""
        registered = await self._registered(applicatie)
        fitting = _fitting(named, applicatie, registered)
        known = self._secrets()
        for client in fitting:
            if client in known:
                return client
        fresh = [client for client in fitting if client in (registered or ())]
        if not fresh or not self._may_add():
            raise UsageError(
                f"{SECRETS} has no secret for {applicatie}: name a client id with --client-id,"
                " or import the applicatie with its clientIds"
            )
        with _as_usage():
            add_clients(self._file(), fresh[:1])
        return fresh[0]

    def _may_add(self) -> bool:
        """Whether the secrets are the stack's own."""
        return self.stack is not None and self._file() == self.stack.token_secrets

    async def _registered(self, applicatie: str) -> Sequence[str] | None:
        """The client ids that the register has; None if it doesn't know it, or can't be asked."""
        url = database_url(self.settings)
        try:
            async with Deadline(_REGISTER_SECONDS), connected(url, size=1) as pool:
                rows = await show(pool, "applicatie", applicatie)
        except (Outage, TimeoutError):
            return None
        return list(rows[0]["clientIds"]) if rows else None

    def _secrets(self) -> Mapping[str, Sequence[Key]]:
        file = self._file()
        try:
            return parse_secrets(file.read_bytes(), f"{SECRETS} ({file})").keys
        except OSError as error:
            raise UsageError(f"{SECRETS} ({file}) cannot be read: {error.strerror}") from None

    def _file(self) -> Path:
        file = self.settings.token_secrets_file
        if file is None:
            what = "there are no secrets to make a token with"
            raise UsageError(f"{what}: set {SECRETS}, or give a token with --token-file")
        return file


def _ready(file: Path) -> str:
    try:
        token = file.read_text(encoding="ascii").strip()
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        token = ""
    if not token:
        raise UsageError(f"{file} holds no token")
    return token


def _fitting(
    named: Named | None, applicatie: str, registered: Sequence[str] | None
) -> Sequence[str]:
    """An actor has a client id of its own; others come by one of the applicatie's."""
    if named is not None and named.soort is OpvoerderSoort.GEAUTOMATISEERDE_ACTOR:
        return [named.identificatie]
    # One that is not known is refused for that, so its message must get as far.
    return [applicatie] if registered is None else registered


@contextmanager
def _as_usage() -> Iterator[None]:
    """What is wrong with the stack's files is told as what else the command cannot do."""
    try:
        yield
    except StackError as error:
        raise UsageError(str(error)) from None
