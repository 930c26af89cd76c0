"""Debian's packages that RabbitMQ and PostgreSQL are unpacked from, by version.

With the machine's own release RabbitMQ runs on the machine's libraries; with another one it
brings all that it needs, and so does PostgreSQL.
"""

from __future__ import annotations

from typing import Final

RABBITMQ: Final = (
    "rabbitmq-server",
    "erlang-asn1",
    "erlang-base",
    "erlang-crypto",
    "erlang-eldap",
    "erlang-ftp",
    "erlang-inets",
    "erlang-mnesia",
    "erlang-os-mon",
    "erlang-parsetools",
    "erlang-public-key",
    "erlang-runtime-tools",
    "erlang-snmp",
    "erlang-ssl",
    "erlang-syntax-tools",
    "erlang-tftp",
    "erlang-tools",
    "erlang-xmerl",
)

_LIBRARIES: Final = (
    "libc6",
    "libcap2",
    "libgcc-s1",
    "libstdc++6",
    "libsystemd0",
    "libtinfo6",
    "libzstd1",
    "zlib1g",
)
_OF_BOOKWORM: Final = ("libgcrypt20", "libgpg-error0", "liblz4-1", "liblzma5", "libssl3")
_OF_LATER: Final = ("libssl3t64",)

# Of each version the release that has it, and the packages there. Testing moves on: what is
# unpacked is looked at, and one that has another version by then is refused.
RABBITMQ_VERSIONS: Final = {
    "3.10": ("bookworm", (*RABBITMQ, *_LIBRARIES, *_OF_BOOKWORM)),
    "4.0": ("trixie", (*RABBITMQ, *_LIBRARIES, *_OF_LATER)),
    "4.3": ("forky", (*RABBITMQ, *_LIBRARIES, *_OF_LATER)),
}
POSTGRES_VERSIONS: Final = {
    "15": (
        "bookworm",
        (
            "postgresql-15",
            "postgresql-client-15",
            "libaudit1",
            "libc6",
            "libcap-ng0",
            "libcap2",
            "libcom-err2",
            "libcrypt1",
            "libffi8",
            "libgcc-s1",
            "libgcrypt20",
            "libgmp10",
            "libgnutls30",
            "libgpg-error0",
            "libgssapi-krb5-2",
            "libhogweed6",
            "libicu72",
            "libidn2-0",
            "libk5crypto3",
            "libkeyutils1",
            "libkrb5-3",
            "libkrb5support0",
            "libldap-2.5-0",
            "liblz4-1",
            "liblzma5",
            "libnettle8",
            "libp11-kit0",
            "libpam0g",
            "libpq5",
            "libsasl2-2",
            "libssl3",
            "libstdc++6",
            "libsystemd0",
            "libtasn1-6",
            "libunistring2",
            "libxml2",
            "libzstd1",
            "zlib1g",
        ),
    ),
}
