"""Probing: whether the process lives, has started and is ready, and its metrics, over HTTP."""

from __future__ import annotations

import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from aiohttp import web
from prometheus_client.aiohttp import make_aiohttp_handler

from worker import metrics
from worker.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from worker.logs import Log
    from worker.standing import Health


@asynccontextmanager
async def probed(host: str, port: int, health: Health, log: Log) -> AsyncIterator[None]:
    """Answer probes there meanwhile; raises UsageError if the port is taken."""
    listening = _listening(host, port)
    runner = web.AppRunner(application(health), access_log=None, handle_signals=False)
    await runner.setup()
    try:
        await web.SockSite(runner, listening).start()
        adres, poort, *_ = listening.getsockname()
        log.info("luistert", adres=adres, poort=poort)
        yield
    finally:
        await runner.cleanup()


def application(health: Health) -> web.Application:
    """The four addresses; everything else is 404."""

    async def livez(_: web.Request) -> web.Response:
        # Nobody answers while the event loop stands still. An outage is no reason to end a process.
        return web.Response(text=health.words, status=200 if health.alive else 503)

    async def readyz(_: web.Request) -> web.Response:
        return web.Response(text=health.words, status=200 if health.ready else 503)

    async def startupz(_: web.Request) -> web.Response:
        return web.Response(text=health.words, status=200 if health.started else 503)

    made = web.Application()
    made.router.add_get("/livez", livez)
    made.router.add_get("/readyz", readyz)
    made.router.add_get("/startupz", startupz)
    made.router.add_get("/metrics", make_aiohttp_handler(metrics.REGISTRY))
    return made


def _listening(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise UsageError(
            f"KLANTCONTACT_HTTP_HOST and KLANTCONTACT_HTTP_PORT: cannot listen on {host}, port"
            f" {port}: {error.strerror}; choose another port, or end what listens there"
        ) from None
