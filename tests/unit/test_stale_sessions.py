"""Work whose session is at fault is tried again, a few times at most."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

import pytest

import worker
from worker.errors import BatchRejected, Conflict, Outage, StaleSession, on_new_sessions

STORES = Path(worker.__file__).parent / "postgres"


@dataclass
class Work:
    """Fails as `errors` say, one after another; then it does not."""

    errors: list[Exception]
    tries: int = 0

    @on_new_sessions
    async def do(self, done: str) -> str:
        self.tries += 1
        if self.errors:
            raise self.errors.pop(0)
        return done


async def test_work_on_a_stale_session_is_done_again_on_another() -> None:
    work = Work([StaleSession("0A000"), StaleSession("0A000")])
    assert await work.do("done") == "done"
    assert work.tries == 3


async def test_work_that_another_transaction_was_in_the_way_of_is_done_again() -> None:
    work = Work([Conflict("40P01")])
    assert await work.do("done") == "done"
    assert work.tries == 2


async def test_a_session_that_stays_stale_is_an_outage() -> None:
    work = Work([StaleSession("0A000")] * 10)
    with pytest.raises(Outage):
        await work.do("done")
    assert work.tries == 3


@pytest.mark.parametrize("error", [Outage("down"), BatchRejected("23505"), ZeroDivisionError()])
async def test_what_is_no_fault_of_the_session_is_tried_once(error: Exception) -> None:
    work = Work([error])
    with pytest.raises(type(error)):
        await work.do("done")
    assert work.tries == 1


def _methods() -> list[ast.AsyncFunctionDef]:
    classes = [
        each
        for file in STORES.glob("*.py")
        for each in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(each, ast.ClassDef)
    ]
    return [
        part for each in classes for part in each.body if isinstance(part, ast.AsyncFunctionDef)
    ]


def test_each_store_does_a_transaction_again_whose_session_is_at_fault() -> None:
    found = 0
    for method in _methods():
        if "transaction(self._pool)" not in ast.unparse(method):
            continue
        found += 1
        # The intake's own, which the intake itself does again.
        if method.name != "transaction":
            assert "on_new_sessions" in map(ast.unparse, method.decorator_list), method.name
    assert found > 10
