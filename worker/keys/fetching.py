"""A key set from the identity provider's own address."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Final

import httpx

from worker.errors import Outage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_SECONDS: Final = 5.0
_LARGEST: Final = 1024 * 1024


async def fetch(url: str) -> bytes:
    """The document at `url`, at most 1 MiB, within 5 seconds; raises Outage."""
    # The machine's own certificates: an identity provider's may be the municipality's own.
    verified = ssl.create_default_context()
    try:
        async with (
            httpx.AsyncClient(verify=verified, timeout=_SECONDS) as client,
            client.stream("GET", url) as response,
        ):
            response.raise_for_status()
            return await _limited(response.aiter_bytes())
    except httpx.HTTPStatusError as error:
        raise Outage(f"{url} answers {error.response.status_code}") from None
    except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError) as error:
        raise Outage(f"{url} does not answer ({type(error).__name__})") from None


async def _limited(pieces: AsyncIterator[bytes]) -> bytes:
    content = bytearray()
    async for piece in pieces:
        content += piece
        if len(content) > _LARGEST:
            raise httpx.HTTPError("too large")
    return bytes(content)
