"""`klantcontact publish`: a small channel client with confirms, tokens and replies."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from worker.cli import calling


def publish(
    file: Annotated[Path, typer.Argument(help="One klantcontact, JSON or XML; - reads stdin.")],
    applicatie: Annotated[
        str | None, typer.Option("--as", help="Which applicatie sends; its user on the broker.")
    ] = None,
    *,
    kanaal: Annotated[
        str | None, typer.Option(help="The routing key; without it, the applicatie's name.")
    ] = None,
    message_id: Annotated[
        str | None,
        typer.Option("--id", help="The message's id, unless the file holds one; or a new one."),
    ] = None,
    content_type: Annotated[
        str | None, typer.Option(help="Without it, told from the file's name and content.")
    ] = None,
    header: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="A header, as zaak=ZAAK-1.")
    ] = None,
    token_file: Annotated[
        Path | None, typer.Option(help="A token, ready-made; without it, one is made.")
    ] = None,
    client_id: Annotated[
        str | None, typer.Option(help="Whose secret signs; without it, one of the applicatie's.")
    ] = None,
    user: Annotated[
        str | None, typer.Option(help="The person in the token; without it, the opvoerder.")
    ] = None,
    timeout: Annotated[float, typer.Option(min=0, help="How long to wait, in seconds.")] = 30,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the outcome and show it.")] = False,
    as_json: calling.Json = False,
) -> None:
    """Publish one klantcontact as a channel system would, and wait for the broker's confirm."""
    # Brokers, databases and cryptography take a while to load: no other command waits for them.
    from worker.cli.sending import Wish, send

    wish = Wish(
        file=file,
        applicatie=applicatie,
        kanaal=kanaal,
        message_id=message_id,
        content_type=content_type,
        headers=tuple(header or ()),
        token_file=token_file,
        client_id=client_id,
        user=user,
    )
    if not send(wish, wait=timeout if wait else None, as_json=as_json):
        raise typer.Exit(1)
