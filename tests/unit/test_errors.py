from __future__ import annotations

import pytest

from worker.errors import Code, Refusal, Violation, problem


@pytest.mark.parametrize("code", Code)
def test_every_code_has_a_problem_with_a_title_and_a_status(code: Code) -> None:
    made = problem((Violation(code, "why", "field"),), "urn:uuid:1")
    assert list(made) == ["type", "title", "status", "detail", "instance", "errors"]
    assert made["type"] == f"urn:klantcontact:probleem:{code}"
    assert made["title"]
    assert 400 <= made["status"] < 600
    assert (made["detail"], made["instance"]) == ("why", "urn:uuid:1")
    assert made["errors"] == [{"code": code, "detail": "why", "field": "field"}]


def test_a_refusal_lists_its_reasons_in_the_published_order() -> None:
    codes = [Code.DOCUMENT_ONGELDIG, Code.ONLEESBAAR, Code.ZAAK_AFGESLOTEN]
    refusal = Refusal(*(Violation(code, "why") for code in codes))
    assert refusal.code is Code.ONLEESBAAR
    assert [each.code for each in refusal.violations] == [
        Code.ONLEESBAAR,
        Code.ZAAK_AFGESLOTEN,
        Code.DOCUMENT_ONGELDIG,
    ]
    assert str(refusal) == "document-ongeldig, bericht-onleesbaar, zaak-afgesloten"
