"""Whether a refusal says that an address does not exist: only that stops later mails to it.

A refusal of this sender, this mail or this moment says nothing about the address, whatever its
status claims: many mail servers give `5.1.1` for any of them. One rule for the words in a bounce
and for those in a conversation of our own.
"""

from __future__ import annotations

import re
from typing import Final

# RFC 3463 and its registry: the recipient's address itself. Not 5.1.0, by which gateways report
# any refusal; not 5.1.7 and 5.1.8, which are the sender's.
_OF_THE_ADDRESS: Final = {"5.1.1", "5.1.2", "5.1.3", "5.1.4", "5.1.6", "5.1.10", "5.2.1"}
_NOTHING: Final = {"4.0.0", "5.0.0"}
# Not a part of an IP address or of a version.
_CODE: Final = re.compile(r"(?<![\w.])([245]\.\d{1,3}\.\d{1,3})(?!\.?\w)")
_REPLY: Final = re.compile(r"(?<![\w.])([245]\d\d)(?=[ -])")
# RFC 5321: exceeded storage allocation.
_STORAGE: Final = "552"
_BETWEEN: Final = re.compile(r"[\s<>]+")
_OTHERWISE: Final = re.compile(
    r"""
    \bblock | \bblack.?list | \bban(?:ned)?\b | \b(?:rbl|dnsbl|spamhaus|spamcop|barracuda)
  | \bspam | \bvirus | \bpolicy\b | \bpolicies\b | \breputation | \babus | \bsuspicious
  | \brate\b | \bthrottl | \btoo\ (?:many|much|fast|quick|large|big|often) | \blimit
  | \bquota | \bfull\b | \bstorage\b | \bexceed | \bsize\b
  | \bsender | \bclient\b | \byour\ (?:ip|host|server|domain|message|mail|e-mail)
  | (?<![?&])\bip\b | \bpreference
  | \bspf\b | \bdkim\b | \bdmarc\b | \bauthenti | \bauthori[sz] | \brelay(?:ing)?\b(?!\ recipient)
  | \baccess\ denied | \bnot\ (?:allowed|permitted|accept) | \bgr[ea]ylist | \btemporar
  | \btry\ again | \blater\b | \bverif | \bcontent\b
    """,
    re.IGNORECASE | re.VERBOSE,
)
# What a reply without an enhanced code has to say in words.
_UNKNOWN: Final = re.compile(
    r"""
    \b(?:user|recipient|mailbox|account|address|addressee)\ (?:is\ )?
        (?:unknown|not\ found|does\ ?n[o']t\ exist|does\ not\ exist|not\ known|invalid)
  | \b(?:unknown|no\ such|invalid|non-?existent|nonexisting)\ (?:local\ )?
        (?:user|recipient|mailbox|account|address|person)
  | \bno\ mailbox\b
    """,
    re.IGNORECASE | re.VERBOSE,
)
_NO_DOMAIN: Final = re.compile(r"\b(?:host|domain) (?:unknown|not found)\b", re.IGNORECASE)


def enhanced_codes(text: str) -> list[str]:
    """The codes of RFC 3463 in a text, in order."""
    return _CODE.findall(text)


def undeliverable(status: str | None, words: str) -> str | None:
    """The code by which the address does not exist; None where a refusal does not say so.

    `status` is a report's own code, if it has one; `words` are the mail server's. Every code in
    them must be about the address. A status beside a reply without a code may be a translation of
    that reply, as sendmail makes 5.1.1 of any 550: then the words must say so too.
    """
    own = enhanced_codes(words)
    codes = own if status is None or status in _NOTHING else [status, *own]
    # Words quote addresses, whose names mean nothing.
    plain = " ".join(each for each in _BETWEEN.split(words) if "@" not in each)
    if not codes or not _OF_THE_ADDRESS.issuperset(codes) or _OTHERWISE.search(plain):
        return None
    reply = _REPLY.search(plain)
    if reply and (not reply[1].startswith("5") or reply[1] == _STORAGE):
        return None
    if reply and not own:
        known = _NO_DOMAIN if status == "5.1.2" else _UNKNOWN
        return status if known.search(plain) else None
    return codes[0]
