"""One message of AsyncAPI."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from worker.contract.models import Schema

VERSION: Final = {"bindingVersion": "0.3.0"}
"""Of AsyncAPI's AMQP bindings."""
CORRELATION: Final = {
    "description": "AMQP's property correlation_id: AsyncAPI's expressions know no properties.",
    "location": "$message.header#/correlation_id",
}


@dataclass(frozen=True, slots=True)
class Sample:
    """An example with its headers and properties."""

    summary: str
    payload: Any
    headers: Mapping[str, Any] = field(default_factory=dict)
    properties: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Message:
    """What `headers`, `properties` and `payload` may be, as JSON Schema, with samples by name."""

    title: str
    summary: str
    payload: Schema
    headers: Schema
    properties: Schema
    samples: Mapping[str, Sample]
    binding: Mapping[str, str] = field(default_factory=dict)

    def document(self) -> Schema:
        """AsyncAPI's message object."""
        first = next(iter(self.samples.values()))
        correlated = "correlation_id" in self.properties["properties"]
        return {
            "title": self.title,
            "summary": self.summary,
            "contentType": first.properties["content_type"],
            "headers": self.headers,
            "payload": self.payload,
            **({"correlationId": CORRELATION} if correlated else {}),
            "bindings": {"amqp": {**self.binding, **VERSION}},
            "examples": [_example(name, each) for name, each in self.samples.items()],
            "x-amqp-properties": {
                "schema": self.properties,
                "examples": {name: dict(each.properties) for name, each in self.samples.items()},
            },
        }


def _example(name: str, sample: Sample) -> Schema:
    return {
        "name": name,
        "summary": sample.summary,
        "headers": dict(sample.headers),
        "payload": sample.payload,
    }


def schema(name: str) -> Schema:
    """A reference to a schema of the contract."""
    return {"$ref": f"#/components/schemas/{name}"}
