"""Keys from an identity provider's address: fetched, asked again, kept through its outage."""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import orjson
import pytest
from joserfc.jwk import OKPKey

from tests.contacts import NOW
from tests.fakes import Lines
from tests.tokens import KEY_SET, openid, signed
from tests.waiting import until
from worker.claims import Expected
from worker.errors import Outage, Refusal
from worker.keys.token_keys import Sources, TokenKeys

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ISSUED = NOW.timestamp()
LONG = timedelta(hours=1)


class Provider:
    """An HTTP server that answers every request with the same words."""

    def __init__(self) -> None:
        self.answer = self.ok(KEY_SET)
        self.requests = 0
        self._server: asyncio.Server | None = None
        self.port = 0

    @staticmethod
    def ok(body: bytes) -> bytes:
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/jwks"

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self.requests += 1
        writer.write(self.answer)
        writer.close()


@asynccontextmanager
async def _provider() -> AsyncIterator[Provider]:
    provider = Provider()
    await provider.start()
    try:
        yield provider
    finally:
        await provider.stop()


def _keys(url: str, lines: Lines | None = None, refresh: timedelta = LONG) -> TokenKeys:
    return TokenKeys(Sources(None, url, refresh), Expected(), (lines or Lines()).log)


def _good(keys: TokenKeys, token: str) -> bool:
    try:
        keys.prove({"authorization": f"Bearer {token}"}, b"")
    except Refusal:
        return False
    return True


async def test_the_keys_are_fetched_once_and_tokens_verified_by_them() -> None:
    async with _provider() as provider:
        keys = _keys(provider.url)
        await keys.open()
        await keys.open()
        assert _good(keys, openid(issued=ISSUED, sub="s"))
        assert await keys.renew() is False
        assert provider.requests == 1


async def test_a_key_that_is_not_known_is_asked_for_once_in_a_while() -> None:
    fresh = OKPKey.generate_key("Ed25519", {"kid": "fresh"})
    token = signed("Ed25519", fresh, {"iat": ISSUED, "sub": "s"}, kid="fresh")
    async with _provider() as provider:
        keys = _keys(provider.url)
        await keys.open()
        # The first try stands on the clock too: the address was asked just now.
        keys._asked = float("-inf")  # noqa: SLF001 (a test cannot wait ten seconds)
        assert not _good(keys, token)
        provider.answer = provider.ok(orjson.dumps({"keys": [fresh.as_dict(private=False)]}))
        assert await keys.renew()
        assert _good(keys, token)
        for _ in range(50):
            assert not _good(keys, openid(issued=ISSUED, sub="s"))
            assert await keys.renew() is None
        assert provider.requests == 2


async def test_the_last_good_keys_are_kept_while_the_provider_is_away_or_talks_nonsense() -> None:
    lines = Lines()
    async with _provider() as provider:
        keys = _keys(provider.url, lines)
        await keys.open()
        for answer in (
            b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",
            provider.ok(b"{}"),
            provider.ok(b"x" * 2_000_000),
            b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n",
            b"no http",
            b"",
        ):
            provider.answer = answer
            assert not await keys._try_fetch(provider.url)  # noqa: SLF001 (as its clock does)
            assert _good(keys, openid(issued=ISSUED, sub="s"))
    assert not await keys._try_fetch(provider.url)  # noqa: SLF001 (the server is gone)
    assert _good(keys, openid(issued=ISSUED, sub="s"))
    assert len(lines.of("sleutels_ongewijzigd")) >= 4


async def test_a_key_that_is_withdrawn_goes_with_the_next_refresh() -> None:
    other = OKPKey.generate_key("Ed25519", {"kid": "other"})
    async with _provider() as provider:
        keys = _keys(provider.url, refresh=timedelta(milliseconds=20))
        await keys.open()
        stop = asyncio.Event()
        refreshing = asyncio.create_task(keys.keep_fresh(stop))
        assert _good(keys, openid(issued=ISSUED, sub="s"))
        provider.answer = provider.ok(orjson.dumps({"keys": [other.as_dict(private=False)]}))

        async def gone() -> bool:
            return not _good(keys, openid(issued=ISSUED, sub="s"))

        await until(gone, "the key is gone")
        stop.set()
        await refreshing


async def test_an_address_that_never_answered_is_an_outage() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/jwks"
        with pytest.raises(Outage, match="does not answer"):
            await _keys(url).open()
