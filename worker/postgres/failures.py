"""The driver's errors as ours, without any of the data: of statements, and of connections."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import asyncpg

from worker import tls
from worker.errors import BatchRejected, Conflict, KlantcontactError, Outage, StaleSession

if TYPE_CHECKING:
    from collections.abc import Iterator

FAILURES: Final = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
)
"""All that the driver raises."""

NO_WRITES: Final = "PostgreSQL takes no writes: is it a standby, or was it made read-only?"
_READ_ONLY: Final = "25006"
# A transaction that rested, or lasted, for too long.
_TIMED_OUT: Final = ("25P03", "25P04")
# SQLSTATEs that are about the session: what it has prepared or opened is gone or is no longer
# what the server has, as after a change of the schema (0A000, "cached plan must not change result
# type"; 08P01, for a binary value of the width that the column had before), after a DISCARD by
# a pooler (26, 34, 42P05), or because the transaction is in another state than was thought (24,
# 25, 2D, 3B). No message can bring about any of them.
_SESSION: Final = ("0A", "08P01", "24", "25", "26", "2D", "34", "3B", "42P03", "42P05")
# SQLSTATE classes that say that the database, not the data, is the matter: connection (08),
# resources (53), object state and locks (55), operator intervention (57), system error, a
# snapshot that is gone (72). 40 (rolled back) and 57014 (cancelled, as by a timeout) pass when
# tried again, as an outage does.
_OUTAGE: Final = ("08", "40", "53", "55", "57", "58", "72", "XX")
# Serialization failure and deadlock: the other transaction goes on, and this one can at once. Not
# 40003, which leaves it open whether it was committed.
_CONFLICT: Final = ("40001", "40P01")
# Schema or rights (42, 3D, 3F), or who may enter (28): the statements are constant, so this is an
# administrator's to repair, and no message's fault.
_SETUP: Final = ("28", "3D", "3F", "42")
_TLS: Final = (
    "see to KLANTCONTACT_POSTGRES_TLS_* and the host; "
    "sslmode in KLANTCONTACT_POSTGRES_URL says if it must be verified"
)


@contextmanager
def translated() -> Iterator[None]:
    """Turn what asyncpg raises into Outage, StaleSession, Conflict or BatchRejected."""
    try:
        yield
    except KlantcontactError:
        raise
    except FAILURES as error:
        raise _translation(error) from None


def stale(error: BaseException) -> bool:
    """Whether the session is at fault, and another one may do better."""
    if isinstance(error, asyncpg.PostgresError):
        state = error.sqlstate or ""
        return state.startswith(_SESSION) and state not in {_READ_ONLY, *_TIMED_OUT}
    return isinstance(error, asyncpg.OutdatedSchemaCacheError)


def _translation(error: Exception) -> KlantcontactError:
    if stale(error):
        state = getattr(error, "sqlstate", None) or type(error).__name__
        return StaleSession(
            f"PostgreSQL no longer takes what a session has prepared (SQLSTATE {state}): was the"
            " schema changed, or is a pooler in between that does not pool by session?"
        )
    if not isinstance(error, asyncpg.PostgresError):
        return no_answer(error)
    state = error.sqlstate or ""
    if state.startswith(_SETUP):
        return _set_up(error)
    if state == _READ_ONLY:
        return Outage(NO_WRITES)
    if state.startswith(_OUTAGE) or state in _TIMED_OUT:
        kind = Conflict if state in _CONFLICT else Outage
        return kind(f"PostgreSQL cannot work just now (SQLSTATE {state})")
    # The message of the error may quote a value; the state and the constraint do not.
    constraint = getattr(error, "constraint_name", None)
    return BatchRejected(f"SQLSTATE {state}, constraint {constraint}")


def not_let_in(error: Exception) -> Outage:
    """Why one server made no session: in its own words, which hold no data yet."""
    if not isinstance(error, asyncpg.PostgresError):
        return no_answer(error)
    if (error.sqlstate or "").startswith(_SETUP):
        return _set_up(error)
    return Outage(f"PostgreSQL refuses: {error.args[0]} (SQLSTATE {error.sqlstate})")


def no_answer(error: Exception) -> Outage:
    """What is the matter with a connection."""
    if insecure := _insecure(error):
        return Outage(f"PostgreSQL {insecure}; {_TLS}")
    if isinstance(error, asyncpg.TargetServerAttributeNotMatched):
        return Outage("PostgreSQL is not what target_session_attrs asks for: is it a standby?")
    return Outage(f"PostgreSQL does not answer ({type(error).__name__}); is it up, and reachable?")


def _set_up(error: asyncpg.PostgresError) -> Outage:
    return Outage(
        f"PostgreSQL refuses: {error.args[0]}; run `klantcontact migrate`, or see to the rights"
    )


def _insecure(error: Exception) -> str | None:
    """What is the matter with TLS, if that is it: asyncpg has no type for a server without."""
    if isinstance(error, ConnectionError) and "rejected SSL upgrade" in str(error):
        return "speaks no TLS there"
    return tls.failure(error)
