"""Who may do what, and who proves it, while the worker runs."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from tests import tokens
from tests.contacts import ZAAK, body, opvoerder
from tests.facts import autorisatie, fill, zaak, zaaktype
from tests.judged import BOTH_FORCED

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from tests.broker import Broker
    from tests.program import Ended, Program
    from worker.postgres.pool import Pool

    Start = Callable[..., Awaitable[Program]]

pytestmark = pytest.mark.usefixtures("measured")


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


async def test_a_correction_on_a_closed_zaak_is_on_record_with_who_and_why_and_mails_nobody(
    pool: Pool, broker: Broker, start: Start, command: Callable[..., Awaitable[Ended]]
) -> None:
    await fill(pool)
    program = await (await start("--role", "intake")).ready(1)
    await broker.publish(body(), message_id="eerst")
    made = (await program.logged("klantcontact", bericht="eerst"))["klantcontact"]
    await pool.execute("delete from outbox")
    await broker.fact(orjson.dumps(zaak(einddatum="2026-11-20")))
    await program.logged("zaken", stored=1)
    why = "Het telefoonnummer was verkeerd genoteerd."
    correction = body(correctie=True, vervolgOp=made, toelichting=why)
    await broker.publish(correction, message_id="zonder-recht")
    await program.logged("klantcontact", bericht="zonder-recht", code="zaak-afgesloten")
    await fill(pool, *BOTH_FORCED)
    for name, changed in (("leeg", {"toelichting": " "}), ("niets", {"vervolgOp": None})):
        fields = {"correctie": True, "vervolgOp": made, "toelichting": why, **changed}
        await broker.publish(body(**fields), message_id=name)
        await program.logged("klantcontact", bericht=name, outcome="afgewezen")
    await broker.publish(body(), message_id="geen-correctie")
    await program.logged("klantcontact", bericht="geen-correctie", code="zaak-afgesloten")
    await broker.publish(correction, message_id="met-recht")
    line = await program.logged("klantcontact", bericht="met-recht", outcome="geregistreerd")
    assert line["geforceerd"] is True

    dossier: dict[str, Any] = (await command("dossier", ZAAK, "--reveal", "--json")).json()
    _, corrected = dossier["klantcontacten"]
    assert (corrected["correctie"], corrected["geforceerd"]) == (True, True)
    assert (corrected["vervolgOp"], corrected["toelichting"]) == (made, why)
    assert corrected["opvoerder"]["identificatie"] == "mdw-0042"
    assert {each["reden"] for each in corrected["notificaties"]} == {"correctie"}
    assert await pool.fetchval("select count(*) from outbox where soort = 'mail'") == 0
    assert "on a closed zaak" in (await command("dossier", ZAAK)).out


async def test_a_medewerker_may_by_a_rol_and_up_to_a_confidentiality(
    pool: Pool, broker: Broker, start: Start
) -> None:
    somebody = opvoerder(identificatie="mdw-0007")
    rights = autorisatie(
        "rol", "kcc", zaaktype="omgevingsvergunning", maxVertrouwelijkheidaanduiding="intern"
    )
    facts = [
        zaak(identificatie="Z-OPEN", vertrouwelijkheidaanduiding="intern"),
        zaak(identificatie="Z-GEHEIM"),
        zaak(identificatie="Z-ANDERS", zaaktype="bezwaar", vertrouwelijkheidaanduiding="intern"),
        zaaktype(identificatie="bezwaar"),
    ]
    await fill(pool)
    await fill(pool, rights, *facts)
    program = await (await start("--role", "intake")).ready(1)
    now = time.time()
    claims = {"sub": "s-7", "preferred_username": "mdw-0007"}
    with_role = tokens.openid(issued=now, **claims, roles=["kcc"])
    without = tokens.openid(issued=now, **claims, roles=["balie"])
    refused = "opvoerder-niet-geautoriseerd"
    for name, number, token, code in (
        ("mag", "Z-OPEN", with_role, None),
        ("geen-rol", "Z-OPEN", without, refused),
        ("te-geheim", "Z-GEHEIM", with_role, refused),
        ("ander-type", "Z-ANDERS", with_role, refused),
    ):
        content = body(zaak=number, opvoerder=somebody)
        await broker.publish(content, message_id=name, headers=bearer(token))
        assert (await program.logged("klantcontact", bericht=name)).get("code") == code


async def test_a_citizen_adds_to_their_own_zaak_and_to_no_other(
    pool: Pool, broker: Broker, start: Start
) -> None:
    await fill(pool)
    await fill(pool, zaak(identificatie="Z-ANDER", betrokkenen=[]))
    program = await (await start("--role", "intake")).ready(1)
    citizen = opvoerder(soort="betrokkene", identificatie="bsn-pseudoniem-1")
    await broker.publish(body(opvoerder=citizen), message_id="eigen")
    await program.logged("klantcontact", bericht="eigen", outcome="geregistreerd")
    await broker.publish(body(opvoerder=citizen, zaak="Z-ANDER"), message_id="ander")
    await program.logged("klantcontact", bericht="ander", code="opvoerder-niet-geautoriseerd")


async def test_secrets_are_rotated_while_the_worker_runs(
    pool: Pool, broker: Broker, start: Start, tmp_path: Path
) -> None:
    await fill(pool)
    file = tmp_path / "secrets.json"

    def write(**secrets: str) -> None:
        fresh = file.with_suffix(".new")
        fresh.write_bytes(orjson.dumps({tokens.CLIENT: secrets}))
        fresh.replace(file)

    new = "een-ander-geheim-van-ook-meer-dan-32-bytes"
    write(current=tokens.SECRET)
    program = await (await start("--role", "intake", token_secrets_file=file)).ready(1)
    by_old, by_new = (
        bearer(tokens.zgw(issued=time.time(), secret=each, user_id="mdw-0042"))
        for each in (tokens.SECRET, new)
    )

    async def sent(name: str, headers: dict[str, str]) -> str:
        await broker.publish(body(), message_id=name, headers=headers)
        line = await program.logged("klantcontact", bericht=name)
        return str(line["outcome"])

    assert await sent("1", by_old) == "geregistreerd"
    write(current=new, previous=tokens.SECRET)
    assert [await sent("2", by_old), await sent("3", by_new)] == ["geregistreerd"] * 2
    write(current=new)
    assert [await sent("4", by_old), await sent("5", by_new)] == ["afgewezen", "geregistreerd"]


async def test_tokens_need_not_be_bound_unless_that_is_switched_on(
    pool: Pool, broker: Broker, start: Start
) -> None:
    await fill(pool)
    program = await (await start("--role", "intake", token_digest_required="true")).ready(1)
    await broker.publish(body(), message_id="een")
    await program.logged("klantcontact", bericht="een", code="opvoerder-niet-geauthenticeerd")


async def test_a_worker_without_keys_does_not_start_and_says_which_settings_it_misses(
    command: Callable[..., Awaitable[Ended]], keys: dict[str, str]
) -> None:
    assert not set(keys) & set(os.environ)
    ended = await command("worker", token_secrets_file="/nowhere", openid_jwks="")
    assert ended.code == 1
    assert ended.err.startswith("Error: KLANTCONTACT_TOKEN_SECRETS_FILE (/nowhere) cannot be read")
    assert len(ended.err.splitlines()) == 1
