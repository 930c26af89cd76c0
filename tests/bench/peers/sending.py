"""Several connections to the mail server, each sending one mail at a time."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, TypeVar

import aiosmtplib

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence

CONNECTIONS = 8

Mail = TypeVar("Mail")


async def send_all(
    mails: Sequence[Mail], port: int, send: Callable[[aiosmtplib.SMTP, Mail], Awaitable[object]]
) -> float:
    """Send all over connections that are open already; ends with the last answer."""

    async def converse(client: aiosmtplib.SMTP, waiting: Iterator[Mail]) -> None:
        for mail in waiting:
            await send(client, mail)

    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(
                aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False)
            )
            for _ in range(CONNECTIONS)
        ]
        waiting = iter(mails)
        start = time.perf_counter()
        await asyncio.gather(*(converse(client, waiting) for client in clients))
        return time.perf_counter() - start
