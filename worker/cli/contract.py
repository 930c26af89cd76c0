"""`klantcontact contract`: what parties outside build on, written from the code."""

from __future__ import annotations

import typer

app = typer.Typer(help="The published contract, as docs/contract has it.", no_args_is_help=True)


def _print(name: str) -> None:
    from worker.contract.files import FILES

    typer.echo(FILES[name](), nl=False)


@app.command("asyncapi")
def asyncapi() -> None:
    """Print every channel, message and error, with examples (AsyncAPI 3.0, as JSON)."""
    _print("asyncapi.json")


@app.command("json-schema")
def json_schema() -> None:
    """Print the JSON Schema of everything that is sent as JSON (draft 2020-12)."""
    _print("klantcontact.schema.json")


@app.command("xsd")
def xsd() -> None:
    """Print the XML schema of a klantcontact in XML."""
    _print("klantcontact.xsd")
