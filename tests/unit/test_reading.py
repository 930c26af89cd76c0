"""Deliveries, proved, decoded and parsed: what comes of a batch before any of it is judged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.contacts import NOW, QUEUE, body, delivery
from tests.fakes import Lines
from tests.tokens import FixedProofs, authorization
from worker.authentication import Keys
from worker.reading import Reader

if TYPE_CHECKING:
    from collections.abc import Mapping

    from worker.domain.identity import Identity

MOST = 1024 * 1024


class Renewing(FixedProofs):
    """Proofs without keys, until they are asked to renew them."""

    def __init__(self, *, comes: bool) -> None:
        super().__init__()
        self._later = self._authentication.keys
        self._authentication.keys = Keys()
        self._comes = comes
        self.looked = 0
        self.proved = 0

    def look(self) -> None:
        self.looked += 1

    def prove(self, headers: Mapping[str, Any], body: bytes) -> Identity:
        self.proved += 1
        return super().prove(headers, body)

    async def renew(self) -> bool:
        if self._comes:
            self._authentication.keys = self._later
        return self._comes


def reader(proofs: FixedProofs) -> Reader:
    return Reader(proofs, MOST, {QUEUE: "callcenter"}, Lines().log)


async def test_a_key_that_comes_in_time_proves_the_batch_that_asked_for_it() -> None:
    proofs = Renewing(comes=True)
    registrations, rejections = await reader(proofs).read([delivery() for _ in range(3)], NOW)
    assert (len(registrations), len(rejections), proofs.looked) == (3, 0, 1)


async def test_without_a_new_key_nothing_is_read_twice() -> None:
    proofs = Renewing(comes=False)
    registrations, rejections = await reader(proofs).read([delivery() for _ in range(3)], NOW)
    assert (len(registrations), len(rejections), proofs.proved) == (0, 3, 3)


async def test_every_reason_is_told_at_once_the_first_of_the_published_order_first() -> None:
    sent = delivery(body(kleur="rood", type="fax"), headers={})
    (_, (rejection,)) = await reader(FixedProofs()).read([sent], NOW)
    assert [(str(each.code), each.field) for each in rejection.violations] == [
        ("bericht-ongeldig", "type"),
        ("bericht-ongeldig", "kleur"),
        ("opvoerder-niet-geauthenticeerd", "authorization"),
    ]
    assert rejection.identity is None


async def test_a_property_that_could_not_be_decoded_is_named_instead_of_asked_for() -> None:
    unreadable = {"message_id": "is not UTF-8", "headers": "are larger than 32 KiB"}
    sent = delivery(message_id=None, headers={}, unreadable=unreadable)
    (_, (rejection,)) = await reader(FixedProofs()).read([sent], NOW)
    told = rejection.problem(rejection.id)
    assert [(each["field"], each["detail"]) for each in told["errors"]] == [
        ("message_id", "message_id is not UTF-8 (ignored: headers are larger than 32 KiB)"),
        ("authorization", "set the header authorization: Bearer <token>"),
    ]
    assert told["detail"] == told["errors"][0]["detail"]


async def test_a_field_of_the_content_is_not_taken_for_the_property_of_its_name() -> None:
    sent = delivery(body(type="fax", user_id="x"), unreadable={"type": "is not UTF-8"})
    (_, (rejection,)) = await reader(FixedProofs()).read([sent], NOW)
    (wrong, unknown) = rejection.problem(rejection.id)["errors"]
    assert wrong["detail"].startswith("Input should be")
    assert wrong["detail"].endswith("(ignored: type is not UTF-8)")
    assert unknown["field"] == "user_id"
    assert "UTF-8" not in unknown["detail"]


async def test_what_cannot_be_read_keeps_the_identity_that_its_token_proves() -> None:
    sent = delivery(b"{", headers=authorization(body(), NOW))
    (_, (rejection,)) = await reader(FixedProofs()).read([sent], NOW)
    assert rejection.identity is not None
    assert rejection.identity.person == "mdw-0042"
