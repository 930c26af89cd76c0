"""What it takes to send a mail again, or why it cannot be: decided from what is there, locked."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from worker.domain.notifications import Notification, Soort, address_key, is_address
from worker.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from uuid import UUID

    from worker.domain.facts import Betrokkene, Zaak

_ON_ITS_WAY: Final = {
    "wacht": "waits to be sent, and goes out by itself",
    "aangeboden": "is on its way to the mail server",
    "bezig": "is being sent at this moment",
    "uitgesteld": "is put off, and is tried again by itself",
}
_SENT: Final = "verzonden"
_ARCHIVED: Final = "gearchiveerd"
_HERE: Final = "klantcontact notificaties"
_MOVED: Final = (
    "the zaak's facts have another address for its recipient now: "
    "--to-current-address sends a new mail to that one"
)
_UNMOVED: Final = (
    "the zaak's facts have no other address for its recipient: "
    "leave --to-current-address out, or let the facts bring one first"
)


@dataclass(frozen=True, slots=True)
class Stuck:
    """The mail as it is. `recipients` are its betrokkenen, `letter` its dead letter's toestand.

    `repeated` is the mail that was sent instead of it last, if any was.
    """

    id: UUID
    toestand: str
    adres: str
    soort: str
    recipients: Sequence[str]
    repeated: UUID | None
    letter: tuple[UUID, str] | None


@dataclass(frozen=True, slots=True)
class Wish:
    """What is allowed: to send what was sent (`again`), and to the address of now (`current`)."""

    again: bool = False
    current: bool = False


@dataclass(frozen=True, slots=True)
class Anew:
    """A new mail: to whom, and which betrokkenen it tells instead of the old one."""

    adres: str
    naam: str
    taal: str
    recipients: Sequence[str]


def plan(mail: Stuck, zaak: Zaak | None, wish: Wish) -> Sequence[Anew]:
    """The new mails, one for each address; none if the same mail is to be sent again.

    Raises UsageError that says what to do instead.
    """
    _check(mail, wish)
    reachable = _reachable(mail, zaak)
    stays = {name: one for name, people in reachable.items() if (one := _here(mail, people))}
    moved = {name: people[0] for name, people in reachable.items() if name not in stays}
    if moved and not stays and not wish.current:
        raise UsageError(_MOVED)
    if not wish.again and not wish.current:
        return ()
    _check_setting(mail, zaak)
    wanted = moved if wish.current else stays
    if not wanted:
        raise UsageError(_UNMOVED if stays else _why_nobody(mail, zaak))
    return _mails(wanted)


def _check(mail: Stuck, wish: Wish) -> None:
    """Raise UsageError where it is no matter of who gets it."""
    if mail.repeated is not None and not mail.recipients:
        raise UsageError(
            f"it was sent anew as mail {mail.repeated}: see `{_HERE} show {mail.repeated}`"
        )
    if mail.toestand in _ON_ITS_WAY:
        raise UsageError(
            f"it {_ON_ITS_WAY[mail.toestand]}: nothing to do; `{_HERE} show {mail.id}` follows it"
        )
    if mail.toestand == _SENT and not wish.again:
        raise UsageError("the mail server took it: --again sends it once more, as a new mail")
    if mail.toestand != _SENT and wish.again:
        raise UsageError(f"--again is for mails that were sent, and it is {mail.toestand}")
    if mail.letter and mail.letter[1] == _ARCHIVED and not wish.current:
        raise UsageError(
            f"its dead letter is archived: `klantcontact dead-letters restore {mail.letter[0]}`"
            " first"
        )


def _check_setting(mail: Stuck, zaak: Zaak | None) -> None:
    """Raise UsageError where the process owner wants no such mails now."""
    if zaak is None:
        return
    if not zaak.notificaties or (mail.soort == Soort.BEHANDELAAR and not zaak.behandelaar):
        raise UsageError(
            f"such mails are off for its zaaktype, {zaak.zaaktype}: no new one is made"
        )


def _reachable(mail: Stuck, zaak: Zaak | None) -> Mapping[str, Sequence[Betrokkene]]:
    """The recipients who can still be told by a mail of this kind, as the facts have them now."""
    found: dict[str, list[Betrokkene]] = defaultdict(list)
    for each in _people(mail, zaak):
        if each.notificaties and each.email and is_address(each.email):
            found[each.identificatie].append(each)
    return found


def _people(mail: Stuck, zaak: Zaak | None) -> Iterable[Betrokkene]:
    for each in zaak.betrokkenen if zaak else ():
        if each.identificatie in mail.recipients and Notification(each, None).soort == mail.soort:
            yield each


def _here(mail: Stuck, people: Iterable[Betrokkene]) -> Betrokkene | None:
    """Who somebody is at the mail's own address, if they still are."""
    key = address_key(mail.adres)
    return next((each for each in people if address_key(each.email or "") == key), None)


def _mails(people: Mapping[str, Betrokkene]) -> Sequence[Anew]:
    """One mail for each address, whoever shares it."""
    by_address: dict[str, list[Betrokkene]] = defaultdict(list)
    for each in people.values():
        by_address[address_key(each.email or "")].append(each)
    return [
        Anew(
            shared[0].email or "",
            shared[0].naam,
            shared[0].taal,
            [each.identificatie for each in shared],
        )
        for shared in by_address.values()
    ]


def _why_nobody(mail: Stuck, zaak: Zaak | None) -> str:
    people = list(_people(mail, zaak))
    if not people:
        return "its recipient is no betrokkene of the zaak any more: nobody is told anew"
    if not any(each.notificaties for each in people):
        return "its recipient opted out meanwhile: nobody is told anew"
    return "the zaak's facts have no address for its recipient that a mail can be sent to"
