"""What the demo does, and what goes wrong, with marks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests import reports
from tests.marked import demo, wrongs
from tests.marked.commands import command, look_around, put_right
from tests.marked.tokens import token
from tests.marks import mark
from worker.cli.demo.messages import REGISTERED, REPEATED, samples
from worker.rabbitmq import topology

if TYPE_CHECKING:
    from pathlib import Path

    from tests.marked.stage import Stage
    from worker.cli.demo.messages import Sample

_OUTCOMES = [each.expected for each in samples()]
_INTAKES = "code <> 'mail-mislukt'"


async def all_scenes(stage: Stage, folder: Path) -> None:
    """Everything, in order."""
    await what_the_demo_does(stage, folder)
    await a_mail_comes_back(stage)
    await the_services_go_away(stage)
    await put_right(stage)
    await stage.mails_at_rest()
    await stage.probe()
    await look_around(stage)
    await stage.hear()


async def what_the_demo_does(stage: Stage, folder: Path) -> None:
    """And what is refused besides, for each reason."""
    facts = folder / "register.jsonl"
    facts.write_bytes(demo.register())
    await command(stage, "register import", "register", "import", str(facts))
    await stage.probe()
    await _database_refuses(stage)
    wrong = await _send_wrongs(stage)
    registered = _OUTCOMES.count(REGISTERED)
    refused = len(_OUTCOMES) - registered - _OUTCOMES.count(REPEATED)
    for wave in (1, 2):
        for sample in demo.messages():
            if sample.wave == wave:
                await _send(stage, sample)
        await stage.count("klantcontact", registered)
    await stage.logged(REPEATED)
    await stage.count(f"dead_letter where toestand = 'open' and {_INTAKES}", wrong + refused)
    await stage.mails_at_rest()


async def _send(stage: Stage, sample: Sample) -> None:
    sent = sample.publication()
    bearer = token(sent.body, sample.as_, sample.user)
    given = ("message_id", "content_type", "user_id", "timestamp")
    properties = {name: getattr(sent, name) for name in given}
    await stage.send(sent.body, bearer, sample.as_, **properties)


async def _send_wrongs(stage: Stage) -> int:
    """How many they are."""
    contacts, facts = list(wrongs.contacts()), dict(wrongs.facts())
    for each in contacts:
        given = {"message_id": each.name, **each.properties}
        await stage.send(each.body, each.bearer, "callcenter", **given)
    for name, body in facts.items():
        await stage.broker.fact(body, message_id=name)
    return len(contacts) + len(facts)


async def _database_refuses(stage: Stage) -> None:
    """Its words quote the whole row."""
    await stage.pool.execute(
        f"""
        alter table klantcontact
        add constraint not_this check (onderwerp is distinct from '{wrongs.BREAKS}')
        """
    )


async def a_mail_comes_back(stage: Stage) -> None:
    row = await stage.pool.fetchrow("select id, adres from mail where toestand = 'verzonden'")
    assert row is not None
    said = f"smtp; 550 5.1.1 <{row['adres']}>: {mark('melding')}"
    content = reports.postfix(reports.fields(row["adres"], diagnostic=said), mail=row["id"])
    await stage.broker.publish(
        content,
        user="mailsysteem",
        exchange=topology.BOUNCE,
        routing_key="bounce",
        content_type="message/rfc822",
        headers={"authorization": None},
    )
    await stage.count("dead_letter where code = 'mail-mislukt' and toestand = 'open'", 2)


async def the_services_go_away(stage: Stage) -> None:
    """The mail server first, so that a mail waits for it; then the others."""
    await stage.ways["smtp"].cut()
    sample = next(each for each in demo.messages() if each.expected == REGISTERED)
    await _send(stage, sample.model_copy(update={"id": "uitval"}))
    await stage.count("mail where toestand = 'uitgesteld'", 1)
    for name in ("amqp", "postgres"):
        await stage.ways[name].cut()
    await stage.probe(503)
    for way in stage.ways.values():
        await way.restore()
    await stage.probe()
    await stage.mails_at_rest()
