"""docs/channels.md: bounces of other mail servers reach the program by each of its recipes."""

from __future__ import annotations

import asyncio
import re
import smtplib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from tests import reports
from tests.contacts import delivery
from tests.own_root import needs_own_root, own_root
from tests.reports import BOUNCES, BURGER, MAIL
from tests.waiting import until
from worker import delivery_status
from worker.rabbitmq import topology
from worker.return_path import envelope_sender
from worker.returned import Bounce, Outcome, judge, matched
from worker.stack.ports import LOOPBACK, accepts, free_ports

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aio_pika.abc import AbstractIncomingMessage

    from tests.broker import Broker

_PAGE: Final = (Path(__file__).parents[2] / "docs" / "channels.md").read_text(encoding="utf-8")
# Packages are downloaded and installed.
_INSTALLED_WITHIN: Final = 400.0
_NOT_KNOWN: Final = 550
_AWAY: Final = "amqp://mailsysteem:weg@127.0.0.1:1/"


def _recipe(file: str) -> str:
    (found,) = re.findall(
        rf"^```\n# {re.escape(file)}\n(.*?)^```$", _PAGE, re.DOTALL | re.MULTILINE
    )
    return str(found)


@dataclass(frozen=True, slots=True)
class Server:
    """A mail server for example.nl on `{port}` of the loopback address.

    `defers` is what it logs of a mail that it keeps for later.
    """

    package: str
    files: Mapping[str, str]
    script: str
    defers: str = ""


def _postfix(*settings: str, instead_of_local: str | None = None) -> Server:
    recipe = _recipe("main.cf")
    if instead_of_local:
        recipe = re.sub("^local_recipient_maps = .*$", instead_of_local, recipe, flags=re.MULTILINE)
    files = {
        "/etc/postfix/main.cf": recipe,
        "/etc/postfix/master.cf": _recipe("master.cf"),
    }
    given = " ".join(
        (
            "myhostname=mail.example.nl inet_interfaces=127.0.0.1 compatibility_level=3.6",
            "maillog_file=/dev/stdout minimal_backoff_time=1s queue_run_delay=1s",
            *settings,
        )
    )
    script = f"""
postconf -e {given}
postconf -M# smtp/inet
postconf -Me '127.0.0.1:{{port}}/inet=127.0.0.1:{{port}} inet n - n - - smtpd'
exec postfix start-fg
"""
    return Server("postfix", files, script, "status=deferred")


_EXIM: Final = f"""\
primary_hostname = mail.example.nl
domainlist local_domains = example.nl
acl_smtp_rcpt = rcpt
host_lookup =
rfc1413_query_timeout = 0s
tls_advertise_hosts =
keep_environment =
begin acl
rcpt:
  accept domains = +local_domains
         verify = recipient
begin routers
{_recipe("routers")}
begin transports
{_recipe("transports")}
begin retry
*  *  F,1h,1s
"""

SERVERS: Final = {
    "Postfix": _postfix("mydestination=example.nl"),
    "Postfix with virtual mailboxes": _postfix(
        "mydestination=localhost",
        "virtual_mailbox_domains=example.nl",
        instead_of_local="virtual_mailbox_maps = $klantcontact",
    ),
    "Postfix as a relay": _postfix(
        "mydestination=localhost",
        "relay_domains=example.nl",
        instead_of_local="relay_recipient_maps = $klantcontact",
    ),
    "Exim": Server(
        "exim4-daemon-light",
        {"/etc/exim4/exim4.conf": _EXIM},
        "exim4 -bdf -q1s -oX 127.0.0.1:{port} &\nexec tail -F /var/log/exim4/mainlog",
        "== bounces@example.nl",
    ),
    "OpenSMTPD": Server(
        "opensmtpd",
        {
            "/etc/klantcontact/smtpd.conf": "listen on 127.0.0.1 port {port}\n"
            + _recipe("smtpd.conf")
        },
        "exec smtpd -d -f /etc/klantcontact/smtpd.conf",
    ),
}


def _sent(port: int, recipient: str, content: bytes) -> int:
    """What another mail server gets as answer to the recipient of a bounce; sends it on 250."""
    with smtplib.SMTP(LOOPBACK, port, "mx.elders.example") as client:
        client.ehlo()
        client.mail("")
        code, _ = client.rcpt(recipient)
        if code == 250:
            assert client.data(content)[0] == 250
        return code


@pytest.mark.parametrize("name", SERVERS)
async def test_a_bounce_of_another_server_reaches_the_broker_as_the_page_has_it(
    name: str, broker: Broker, tmp_path: Path
) -> None:
    needs_own_root()
    server, (port,) = SERVERS[name], free_ports(1)
    folder = tmp_path / "klantcontact"
    folder.mkdir()
    settings = folder / ".env"

    def set_url(url: str) -> None:
        settings.write_text(f"KLANTCONTACT_AMQP_URL={url}\n", encoding="utf-8")

    queue = await (await broker.channel("admin")).get_queue(topology.BOUNCE)
    set_url(_AWAY if server.defers else broker.url("mailsysteem"))
    files = {name: content.replace("{port}", str(port)) for name, content in server.files.items()}
    script = server.script.replace("{port}", str(port))
    sent_to = envelope_sender(BOUNCES, MAIL)
    # Only the envelope names the mail.
    report = reports.without_report().replace(sent_to.encode(), b"postmaster@example.nl")
    async with own_root(folder, [server.package], files, script) as log:

        async def listens() -> bool:
            return await asyncio.to_thread(accepts, port)

        async def deferred() -> bool:
            return server.defers in log.read_text(encoding="utf-8", errors="replace")

        async def arrived() -> AbstractIncomingMessage | None:
            return await queue.get(no_ack=True, fail=False)

        try:
            await until(listens, f"{name} listens", within=_INSTALLED_WITHIN)
            assert await asyncio.to_thread(_sent, port, "niemand@example.nl", report) == _NOT_KNOWN
            assert await asyncio.to_thread(_sent, port, sent_to, report) == 250
            await until(deferred, "the mail is kept for later")
            set_url(broker.url("mailsysteem"))
            message = await until(arrived, "the bounce is on the queue")
        except AssertionError as error:
            error.add_note(log.read_text(encoding="utf-8", errors="replace")[-4000:])
            raise
    assert message.content_type == "message/rfc822"
    came = delivery(message.body, queue=topology.BOUNCE, headers=dict(message.headers))
    found = matched(came, delivery_status.read(message.body))
    assert isinstance(found, Bounce)
    assert (found.mail, judge(found, BURGER).outcome) == (MAIL, Outcome.CAME_BACK)
