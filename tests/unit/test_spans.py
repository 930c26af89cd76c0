from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.collector import SENDERS_SPAN, SENDERS_TRACE, TRACEPARENT
from worker import spans

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

QUEUE = "klantcontact.registratie.callcenter"


@pytest.mark.usefixtures("listened")
def test_a_context_is_a_traceparent_and_nothing_that_anybody_wrote_beside_it() -> None:
    headers = {"traceparent": TRACEPARENT, "tracestate": "kcc=Anna", "baggage": "naam=Anna"}
    assert spans.context(headers) == TRACEPARENT


@pytest.mark.usefixtures("listened")
@pytest.mark.parametrize(
    "header",
    [
        f"ff{TRACEPARENT[2:]}",
        f"{TRACEPARENT}-more",
        TRACEPARENT.replace(SENDERS_TRACE, "0" * 32),
        TRACEPARENT.replace(SENDERS_SPAN, "0" * 16),
        TRACEPARENT.upper(),
        "anna@example.nl",
        "",
        7,
        None,
    ],
)
def test_what_is_no_context_by_w3cs_rules_is_none(header: object) -> None:
    assert spans.context({"traceparent": header}) is None


def test_a_message_without_a_context_begins_a_trace(listened: InMemorySpanExporter) -> None:
    span = spans.of_message(QUEUE, "m-1", None)
    spans.end(span)
    (seen,) = listened.get_finished_spans()
    assert seen.parent is None
    assert seen.context is not None
    own = f"00-{seen.context.trace_id:032x}-{seen.context.span_id:016x}-"
    assert (spans.carried(span) or "").startswith(own)


def test_what_follows_is_in_the_same_trace(listened: InMemorySpanExporter) -> None:
    first = spans.of_message(QUEUE, "m-1", TRACEPARENT)
    kept = spans.carried(first)
    assert kept is not None
    spans.end(spans.of_publication("exchange", "key", "m-2", (kept,), None))
    (seen,) = listened.get_finished_spans()
    assert seen.parent is not None
    assert f"{seen.parent.trace_id:x}" == SENDERS_TRACE
    assert f"{seen.parent.span_id:016x}" in kept


def test_a_publication_follows_the_first_and_is_linked_to_the_others(
    listened: InMemorySpanExporter,
) -> None:
    other = TRACEPARENT.replace(SENDERS_SPAN, "1" * 16)
    spans.end(spans.of_publication("exchange", "key", "m-2", (TRACEPARENT, other, "none"), None))
    (seen,) = listened.get_finished_spans()
    assert seen.parent is not None
    assert f"{seen.parent.span_id:016x}" == SENDERS_SPAN
    assert [f"{each.context.span_id:x}" for each in seen.links] == ["1" * 16]


def test_a_reply_does_not_name_its_senders_queue(listened: InMemorySpanExporter) -> None:
    spans.end(spans.of_publication("", "antwoord.callcenter.anna", "m-2", (), None))
    (seen,) = listened.get_finished_spans()
    assert "anna" not in seen.to_json()


def test_an_id_that_is_a_burgerservicenummer_is_masked(listened: InMemorySpanExporter) -> None:
    spans.end(spans.of_message(QUEUE, "zaak-111222333", None))
    (seen,) = listened.get_finished_spans()
    assert "111222333" not in seen.to_json()


def test_without_anybody_listening_there_are_no_spans_and_no_contexts() -> None:
    assert spans.of_message(QUEUE, "m-1", TRACEPARENT) is None
    assert spans.of_batch("intake", 1, 1, [TRACEPARENT]) is None
    assert spans.of_publication("exchange", "key", "m-2", (TRACEPARENT,), None) is None
    assert spans.context({"traceparent": TRACEPARENT}) is None
    assert (spans.carried(None), spans.ids(None)) == (None, {})
