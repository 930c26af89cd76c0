"""From a delivery to what the intake asks its store."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from uuid_utils.compat import uuid7

from tests.contacts import NOW, body, delivery
from tests.tokens import FixedProofs
from worker.domain.decision import Registered, decide
from worker.domain.question import Policy, Question
from worker.envelope import Rejection
from worker.errors import Code, Violation
from worker.formats import decode
from worker.formats.content import parse_klantcontact
from worker.registration import Acceptance, Registration

if TYPE_CHECKING:
    from worker.domain.facts import Facts
    from worker.envelope import Delivery

VIOLATION = Violation(Code.ONGELDIG, "because", "type")


def registration(message_id: str | None = None, **changes: object) -> Registration:
    """One message that could be read, of a klantcontact with `changes`."""
    properties = {} if message_id is None else {"message_id": message_id}
    sent = delivery(body(**changes), **properties)
    envelope = decode(sent, NOW, 1024 * 1024)
    klantcontact = parse_klantcontact(envelope.data)
    identity = FixedProofs().prove(sent.headers, sent.body)
    digest = klantcontact.digest()
    return Registration(uuid7(), sent, envelope, klantcontact, digest, "callcenter", identity)


def bound_by(asked: Registration, token: bytes) -> Registration:
    """`asked` with a token that is bound to it."""
    return replace(asked, identity=replace(asked.identity, binding=token))


def question(asked: Registration, facts: Facts, **changes: object) -> Question:
    given: dict[str, Any] = {
        "klantcontact": asked.klantcontact,
        "applicatie": asked.envelope.applicatie,
        "kanaal": asked.kanaal,
        "time": asked.envelope.time,
        "now": NOW,
        "identity": asked.identity,
        "facts": facts,
        "policy": Policy(),
    }
    return Question(**{**given, **changes})


def accepted(asked: Registration, facts: Facts, **changes: object) -> Acceptance:
    """`asked` as the rules accept it."""
    decision = decide(question(asked, facts, **changes))
    assert isinstance(decision, Registered), decision
    return Acceptance(asked, decision)


def refused(asked: Registration, *violations: Violation) -> Rejection:
    """`asked` refused by a rule, so that its claim is given back."""
    return Rejection(
        uuid7(),
        asked.delivery,
        violations or (VIOLATION,),
        asked.digest,
        asked.envelope,
        asked.klantcontact.zaak,
        asked.envelope.key,
        asked.identity,
    )


def unreadable(sent: Delivery, *violations: Violation) -> Rejection:
    """A delivery that could not be read."""
    return Rejection(uuid7(), sent, violations or (VIOLATION,), sha256(sent.body).digest())
