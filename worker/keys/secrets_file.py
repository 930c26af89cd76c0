"""The shared secrets of ZGW tokens: one JSON file, by client_id, current and previous."""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final

from joserfc.errors import SecurityWarning
from joserfc.jwk import OctKey
from pydantic import BaseModel, ConfigDict, SecretStr, StringConstraints, TypeAdapter
from pydantic import ValidationError as Invalid

from worker.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from joserfc.jwk import Key

# RFC 7518, section 3.2: a key as long as the hash, or its strength is the key's.
RECOMMENDED_BYTES: Final = 32


class ClientSecrets(BaseModel):
    """The secrets of one client_id: both are good until `previous` is taken out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    current: Annotated[SecretStr, StringConstraints(min_length=1)]
    previous: SecretStr | None = None

    def keys(self) -> Sequence[Key]:
        """As keys for HS256, the current one first; raises ValueError for a public key."""
        given = [each for each in (self.current, self.previous) if each]
        with warnings.catch_warnings():
            # A short secret is said in the log, by the name of its client.
            warnings.simplefilter("ignore", SecurityWarning)
            return [OctKey.import_key(each.get_secret_value()) for each in given]

    @property
    def short(self) -> bool:
        """Whether the current one has fewer bytes than the standard asks."""
        return len(self.current.get_secret_value().encode()) < RECOMMENDED_BYTES


_FILE: Final = TypeAdapter(dict[str, ClientSecrets])
_FORM: Final = '{"<client_id>": {"current": "<secret>", "previous": "<secret>"}}'


@dataclass(frozen=True, slots=True)
class Secrets:
    """The keys of each client_id, and the clients whose secret is shorter than it should be."""

    keys: Mapping[str, Sequence[Key]]
    short: Sequence[str]


def parse_secrets(content: bytes, name: str) -> Secrets:
    """The secrets in `content`; raises UsageError, which names the file and shows no value."""
    try:
        clients = _FILE.validate_python(json.loads(content))
        keys = {client: each.keys() for client, each in clients.items()}
    except (Invalid, ValueError, RecursionError):
        raise UsageError(f"{name} does not hold token secrets: {_FORM}") from None
    return Secrets(keys, [client for client, each in clients.items() if each.short])
