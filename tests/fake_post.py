"""In-memory stand-ins for what relay and mailer declare; as `fakes`."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from tests.contacts import ZAAK
from worker.errors import Outage
from worker.finishing import Finished
from worker.mailer import Answer, Claim, Job, Result, Sent
from worker.relay import TRIES_GIVEN_BACK, DueAnnouncement, DueMail
from worker.rendering import Contact, MailFacts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import timedelta

    from worker.mailer import Turn
    from worker.outcomes import Announcement
    from worker.relay import Due, Offer
    from worker.stored import Recall


def mail_facts(mail: UUID, **changes: object) -> MailFacts:
    given: dict[str, Any] = {
        "mail": mail,
        "zaak": ZAAK,
        "zaak_omschrijving": "Dakkapel",
        "naam": "Voorbeeld Burger",
        "adres": "burger@example.nl",
        "taal": "nl",
        "contacten": (Contact("call", datetime(2026, 11, 1, tzinfo=UTC).date()),),
        "moment": datetime(2026, 11, 1, tzinfo=UTC),
    }
    return MailFacts(**{**given, **changes})


@dataclass
class FakeMail:
    """A row of `mail`, with the outbox row that stands for it if there is one."""

    toestand: str = "wacht"
    opnieuw: datetime | None = None
    pogingen: int = 0
    content: bytes | None = None
    answer: str | None = None
    attempts: list[tuple[str, int | None, str]] = field(default_factory=list)


@dataclass
class FakeRow:
    """A row of `outbox`."""

    beschikbaar: datetime
    pogingen: int = 0
    geparkeerd: bool = False
    told: Announcement | None = None


@dataclass
class FakePost:
    """The stores of relay and mailer in one, as they are in the database."""

    mails: dict[UUID, FakeMail] = field(default_factory=dict)
    outbox: dict[UUID, FakeRow] = field(default_factory=dict)

    def add(self, due: datetime) -> UUID:
        """A mail that waits, and its outbox row."""
        mail = uuid4()
        self.mails[mail], self.outbox[mail] = FakeMail(), FakeRow(due)
        return mail

    async def sweep(self, now: datetime, until: datetime) -> int:
        del until
        due = [(key, m) for key, m in self.mails.items() if m.opnieuw and m.opnieuw <= now]
        fresh = [key for key, _ in due if key not in self.outbox]
        for _, mail in due:
            mail.opnieuw = None
        self.outbox |= {key: FakeRow(now) for key in fresh}
        return len(fresh)

    def _due(self, now: datetime) -> list[UUID]:
        rows = self.outbox.items()
        due = [key for key, row in rows if not row.geparkeerd and row.beschikbaar <= now]
        return sorted(due, key=lambda key: self.outbox[key].beschikbaar)

    def tell(self, told: Announcement, due: datetime) -> None:
        """An event or a reply that waits."""
        self.outbox[uuid4()] = FakeRow(due, told=told)

    async def claim_rows(self, now: datetime, until: datetime, most: int) -> list[Due]:
        claimed = self._due(now)[:most]
        for key in claimed:
            row = self.outbox[key]
            self.outbox[key] = replace(row, beschikbaar=until, pogingen=row.pogingen + 1)
        return [self._claimed(key, self.outbox[key]) for key in claimed]

    def _claimed(self, key: UUID, row: FakeRow) -> Due:
        if row.told is not None:
            return DueAnnouncement(key, row.pogingen, row.told)
        return DueMail(key, row.pogingen, mail_facts(key), self.mails[key].content)

    async def freeze(
        self, offered: Sequence[Finished], until: datetime
    ) -> dict[UUID, bytes | None]:
        offerable: dict[UUID, bytes | None] = {}
        for each in offered:
            mail = self.mails[each.mail]
            at_rest = mail.toestand == "bezig" and mail.opnieuw is None
            if mail.toestand in {"wacht", "aangeboden", "uitgesteld"} or at_rest:
                mail.toestand, mail.opnieuw = "aangeboden", until
                mail.content = mail.content or each.content
                offerable[each.mail] = None if mail.content == each.content else mail.content
        return offerable

    async def settle(self, done: Sequence[UUID], parked: Sequence[UUID], now: datetime) -> None:
        del now
        for key in done:
            del self.outbox[key]
        for key in parked:
            self.outbox[key].geparkeerd = True

    async def give_up(self, mails: Mapping[UUID, str], now: datetime) -> None:
        del now
        for key, reason in mails.items():
            mail = self.mails[key]
            mail.toestand, mail.answer, mail.opnieuw = "mislukt", reason, None


class FakeOutbox(FakePost):
    """As the relay sees it."""

    async def claim(self, now: datetime, until: datetime, most: int) -> list[Due]:
        return await self.claim_rows(now, until, most)

    async def give_back(self, rows: Sequence[UUID], until: datetime, now: datetime) -> None:
        for key in rows:
            row = self.outbox.get(key)
            kept = row and row.beschikbaar == until and not row.geparkeerd
            if row and kept and row.pogingen <= TRIES_GIVEN_BACK:
                row.beschikbaar = now


@dataclass
class FakeMails(FakePost):
    """As the mailer sees it."""

    in_hand: set[UUID] = field(default_factory=set)
    """What was claimed and is not on record."""

    async def claim(
        self, mails: Sequence[UUID], until: datetime, enough: datetime
    ) -> dict[UUID, Claim]:
        return {mail: self._claim(mail, until, enough) for mail in mails if self._offered(mail)}

    def _offered(self, mail: UUID) -> bool:
        return mail in self.mails and self.mails[mail].toestand == "aangeboden"

    def _claim(self, mail: UUID, until: datetime, enough: datetime) -> Claim:
        known = self.mails[mail]
        known.toestand = "bezig"
        self.in_hand.add(mail)
        if known.opnieuw is None or known.opnieuw < enough:
            known.opnieuw = until
        return Claim(known.pogingen, known.opnieuw, known.answer is not None)

    async def give_back(self, leases: Mapping[UUID, datetime], now: datetime) -> None:
        for mail, until in leases.items():
            known = self.mails[mail]
            if (known.toestand, known.opnieuw) == ("bezig", until):
                known.toestand, known.opnieuw = "aangeboden", now

    async def record(self, results: Sequence[Result]) -> None:
        for result in results:
            known, answer = self.mails[result.mail], result.answer
            self.in_hand.discard(result.mail)
            known.attempts.append((answer.sent.value, answer.code, answer.words))
            if known.toestand != "verzonden":
                known.toestand, known.opnieuw = result.state.value, result.again
                known.answer = answer.words
                known.pogingen += 1


@dataclass
class FakeBroker:
    """Confirms what it is offered, but for the mails in `refuses`."""

    refuses: set[UUID] = field(default_factory=set)
    offered: list[Finished] = field(default_factory=list)
    told: list[Announcement | Recall] = field(default_factory=list)

    async def offer(self, jobs: Sequence[Offer]) -> list[bool]:
        mails = [job for job in jobs if isinstance(job, Finished)]
        self.offered += mails
        self.told += [job for job in jobs if not isinstance(job, Finished)]
        return [not isinstance(j, Finished) or j.mail not in self.refuses for j in jobs]


@dataclass
class FakeWake:
    """Lets the relay go round `rounds` times."""

    rounds: int = 1

    @property
    def stopped(self) -> bool:
        return self.rounds <= 0

    async def wait(self, longest: timedelta) -> None:
        del longest
        self.rounds -= 1


@dataclass
class FakeJobs:
    """Jobs in order; `finished` are those acknowledged. Ends when told to."""

    waiting: list[Job]
    finished: list[Job] = field(default_factory=list)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    gone: bool = False
    """Whether the broker is, in the end."""
    _taken: list[Job] = field(default_factory=list)

    async def take(self, most: int) -> list[Job]:
        self._taken, self.waiting = self.waiting[:most], self.waiting[most:]
        if not self._taken:
            await self.ended.wait()
            if self.gone:
                raise Outage("RabbitMQ closed the connection")
        return self._taken

    async def done(self) -> None:
        self.finished.extend(self._taken)


@dataclass
class FakeConversation:
    """Answers each mail as told, `250` when it has nothing more to say."""

    answers: list[Answer] = field(default_factory=list)
    sent: list[Job] = field(default_factory=list)
    on: asyncio.Event | None = None
    """What the server waits for before it answers, if it waits."""

    async def send(self, job: Job, turn: Turn) -> Answer:
        await turn()
        self.sent.append(job)
        if self.on is not None:
            await self.on.wait()
        return self.answers.pop(0) if self.answers else Answer(Sent.ACCEPTED, "250 OK")
