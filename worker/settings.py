"""The settings, read once: from the environment, a `.env`, or files for secrets."""

from __future__ import annotations

import os
import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from worker.errors import UsageError
from worker.setting_types import (
    SHORTEST_LEASE,
    SHORTEST_PERIOD,
    Address,
    Duration,
    Durations,
    PemFile,
    ZaakUrl,
    unit,
)

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

PREFIX: Final = "KLANTCONTACT_"
_MICROSECONDS = re.compile(r"\b(\d+) microseconds")
_MEBIBYTE = 1024 * 1024


class _SecretFiles(PydanticBaseSettingsSource):
    """`KLANTCONTACT_<NAME>_FILE` names a file that holds the setting, as secrets are mounted."""

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002, ANN401 (the base class's signature)
        path = os.environ.get(f"{PREFIX}{field_name.upper()}_FILE")
        if path is None:
            return None, field_name, False
        try:
            return Path(path).read_text(encoding="utf-8").strip(), field_name, False
        except OSError as error:
            msg = f"{PREFIX}{field_name.upper()}_FILE cannot be read: {error.strerror}: {path}"
            raise UsageError(msg) from None
        except UnicodeDecodeError:
            msg = f"{PREFIX}{field_name.upper()}_FILE is no text in UTF-8: {path}"
            raise UsageError(msg) from None

    def __call__(self) -> dict[str, Any]:
        found = ((name, self.get_field_value(None, name)[0]) for name in Settings.model_fields)
        return {name: value for name, value in found if value is not None}


class Settings(BaseSettings):
    """Every setting with its default, its unit and its meaning."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", extra="ignore", frozen=True
    )

    amqp_url: SecretStr = Field(
        SecretStr("amqp://worker@127.0.0.1:5672/"),
        description="The broker, as user `worker`; or several: `h1,h2:5671`. amqps:// verifies.",
    )
    amqp_tls_ca: PemFile | None = Field(
        None, description="PEM: the authorities that the broker is verified by, not the system's."
    )
    amqp_tls_certificate: PemFile | None = Field(
        None, description="PEM: the certificate that is shown to the broker, with its chain."
    )
    amqp_tls_key: PemFile | None = Field(
        None,
        description="PEM: that certificate's key, without a passphrase, if in a file of its own.",
    )
    amqp_silence: Duration = Field(
        timedelta(seconds=8),
        ge=timedelta(seconds=2),
        description="How long the broker may say nothing, heartbeats included, before it is gone.",
    )
    postgres_url: SecretStr = Field(
        SecretStr("postgresql://worker@127.0.0.1:5432/klantcontact"),
        description="The database, at one host or `h1,h2:5433`; verified by TLS on another machine,"
        " unless `sslmode` is in it.",
    )
    postgres_tls_ca: PemFile | None = Field(
        None, description="PEM: the authorities that the database is verified by."
    )
    postgres_tls_certificate: PemFile | None = Field(
        None, description="PEM: the certificate that is shown to the database, with its chain."
    )
    postgres_tls_key: PemFile | None = Field(
        None, description="PEM: that certificate's key, if in a file of its own."
    )
    postgres_deadline: Duration = Field(
        timedelta(seconds=8),
        ge=timedelta(seconds=1),
        description="The longest that the database may take over one statement.",
    )
    smtp_host: str = Field("127.0.0.1", description="The mail server.")
    smtp_port: int = Field(
        25, description="The mail server's port.", json_schema_extra=unit("port")
    )
    smtp_tls: str = Field(
        "auto",
        pattern="^(auto|off|starttls|tls)$",
        description="auto: off to this machine, tls on port 465, starttls otherwise; verified.",
    )
    smtp_tls_ca: PemFile | None = Field(
        None, description="PEM: the authorities that the mail server is verified by."
    )
    smtp_username: str | None = Field(
        None, min_length=1, description="Who we are to the mail server, if it wants a login."
    )
    smtp_password: SecretStr | None = Field(
        None, min_length=1, description="The password of that login."
    )
    smtp_helo: str | None = Field(
        None,
        pattern="^[!-~]{1,255}$",
        description="The name that we give the mail server; without it, the machine's.",
    )
    smtp_connections: int = Field(
        8,
        ge=1,
        le=100,
        description="Connections kept open to the mail server, each for one mail at a time.",
        json_schema_extra=unit("connections"),
    )
    smtp_deadline: Duration = Field(
        timedelta(seconds=45),
        ge=SHORTEST_LEASE,
        description="The longest that one SMTP conversation may take.",
    )
    mail_from: str = Field("noreply@example.nl", description="The sender of the mails.")
    mail_from_name: str = Field("Gemeente Voorbeeld", description="The name of that sender.")
    mail_bounces: str = Field(
        "bounces@example.nl",
        description="The envelope sender; each mail's has `+<its id>` before the @.",
    )
    mail_window: Duration = Field(
        timedelta(minutes=15),
        description="How long more klantcontacten of a zaak join the first one's mail; 0: never.",
    )
    mail_retries: Durations = Field(
        tuple(timedelta(minutes=m) for m in (1, 5, 15, 60, 240, 720, 1440)),
        description="When a mail is tried again that the server could not take, in order.",
    )
    mail_unknown_retried: bool = Field(
        default=False,
        description="Whether a mail is tried again that may have been delivered (`onzeker`).",
    )
    portal_url: ZaakUrl = Field(
        "https://mijn.example.nl/zaken/{zaak}", description="Where a mail's link leads."
    )
    zaaksysteem_url: ZaakUrl = Field(
        "https://zaken.example.nl/zaken/{zaak}", description="Where a behandelaar's link leads."
    )
    templates: Path | None = Field(
        None,
        description="A folder with templates that take precedence over the built-in ones.",
        json_schema_extra=unit("folder"),
    )
    token_secrets_file: Path | None = Field(
        None,
        description="JSON, the secrets of tokens:"
        ' `{"<client_id>": {"current": "<secret>", "previous": …}}`.',
    )
    token_lifetime: Duration = Field(
        timedelta(hours=1), description="How long a token without `exp` is good from its `iat`."
    )
    token_digest_required: bool = Field(
        default=False, description="Whether every token must be bound to its message by `digest`."
    )
    openid_jwks: Address | None = Field(
        None, description="The identity provider's key set: a file, or an https address."
    )
    openid_refresh: Duration = Field(
        timedelta(minutes=15),
        ge=SHORTEST_PERIOD,
        description="How often the address of the key set is asked again.",
    )
    openid_issuer: str | None = Field(
        None, description="The `iss` that the identity provider's tokens must have."
    )
    openid_audience: str | None = Field(
        None, description="The `aud` that the identity provider's tokens must have."
    )
    openid_person_claim: str = Field(
        "preferred_username",
        description="Which claim of the identity provider's tokens names a medewerker.",
    )
    openid_roles_claim: str = Field(
        "roles",
        description="Which claim has the roles, a list or one text; dots lead into it,"
        " as realm_access.roles.",
    )
    event_source: str = Field(
        "urn:nld:oin:00000000000000000000:systeem:klantcontact",
        min_length=1,
        description="The `source` of events: `urn:nld:oin:<OIN>:systeem:<name>`.",
    )
    zaaksysteem: str = Field("zaaksysteem", description="The broker's user that sends zaken.")
    contacts_without_zaak: bool = Field(
        default=False, description="Whether a klantcontact without a zaak is registered."
    )
    oldest_message: Duration = Field(
        timedelta(days=7), description="How old a message may be when it comes."
    )
    clock_skew: Duration = Field(
        timedelta(seconds=60), description="How far another system's clock may be ahead."
    )
    message_bytes: int = Field(
        _MEBIBYTE,
        ge=1024,
        le=8 * _MEBIBYTE,
        description="The largest message.",
        json_schema_extra=unit("bytes"),
    )
    memory_budget: int = Field(
        256 * _MEBIBYTE,
        ge=128 * _MEBIBYTE,
        description="What one worker process keeps within, whatever is waiting.",
        json_schema_extra=unit("bytes"),
    )
    batch_size: int = Field(
        250,
        ge=1,
        le=1000,
        description="The most that go into one transaction.",
        json_schema_extra=unit("messages"),
    )
    batch_linger: Duration = Field(
        timedelta(milliseconds=20), description="How long a batch waits for more messages."
    )
    intake_lanes: int = Field(
        2,
        ge=1,
        le=16,
        description="Batches in hand at once: one decodes while another commits.",
        json_schema_extra=unit("batches"),
    )
    relay_batch: int = Field(
        200,
        ge=1,
        le=1000,
        description="Outbox rows claimed at once.",
        json_schema_extra=unit("rows"),
    )
    relay_lease: Duration = Field(
        timedelta(seconds=60),
        ge=SHORTEST_LEASE,
        description="How long a claimed outbox row is left to its claimer.",
    )
    relay_attempts: int = Field(
        10,
        ge=1,
        description="Failures after which a row is parked.",
        json_schema_extra=unit("failures"),
    )
    relay_poll: Duration = Field(
        timedelta(seconds=1),
        ge=SHORTEST_PERIOD,
        description="How often the outbox is looked at without being woken.",
    )
    mail_lease: Duration = Field(
        timedelta(minutes=10),
        ge=SHORTEST_LEASE,
        description="How long an offered mail is left to the mailers.",
    )
    deferrals: Durations = Field(
        (
            timedelta(seconds=10),
            timedelta(minutes=1),
            timedelta(minutes=5),
            timedelta(minutes=15),
            timedelta(hours=1),
        ),
        description="When a message is tried again whose zaak is not known yet, in order.",
    )
    retry_lease: Duration = Field(
        timedelta(minutes=5),
        ge=SHORTEST_LEASE,
        description="How long a retried dead letter is left to the intake.",
    )
    growth_period: Duration = Field(
        timedelta(hours=1),
        ge=SHORTEST_PERIOD,
        description="How often it is told at most that a group of dead letters grows.",
    )
    keep_resolved: Duration = Field(
        timedelta(days=30), description="How long a dead letter is kept that was resolved."
    )
    keep_archived: Duration = Field(
        timedelta(days=365), description="How long a dead letter is kept that was archived."
    )
    keep_inbox: Duration = Field(
        timedelta(days=400), description="How long it is known which messages were registered."
    )
    housekeeping: Duration = Field(
        timedelta(seconds=10),
        ge=SHORTEST_PERIOD,
        description="How often dead letters are counted, told of and purged.",
    )
    outage_pause: Duration = Field(
        timedelta(seconds=2),
        ge=SHORTEST_PERIOD,
        description="The longest pause between two tries in an outage.",
    )
    drain: Duration = Field(
        timedelta(seconds=20),
        ge=timedelta(seconds=1),
        description="The longest from SIGTERM to the end, finishing what is in hand.",
    )
    unacknowledged: Duration = Field(
        timedelta(seconds=60),
        ge=timedelta(seconds=5),
        description="The longest that a delivery is kept from the broker, waiting and in hand.",
    )
    watchdog: Duration = Field(
        timedelta(seconds=60),
        ge=timedelta(seconds=1),
        description="How long the process may stand still before it ends itself.",
    )
    http_host: str = Field(
        "127.0.0.1", min_length=1, description="The address that probes and metrics are had on."
    )
    http_port: int | None = Field(
        None,
        ge=0,
        le=65535,
        description="The port of probes and metrics; 0: any. Without one, there are none.",
        json_schema_extra=unit("port"),
    )
    traces_url: Address | None = Field(
        None,
        pattern=r"^https?://[^/@\s]+(/\S*)?$",
        description="Where traces go (OTLP), without a login: https://…/v1/traces; else nowhere.",
    )
    traces_share: float = Field(
        1.0,
        ge=0,
        le=1,
        description="The share of traces that is sent, of those that no sender began.",
        json_schema_extra=unit("share"),
    )
    log_format: str = Field(
        "auto",
        pattern="^(auto|json|console)$",
        description="auto: console on a terminal, json elsewhere.",
    )
    log_level: str = Field(
        "info",
        pattern="^(debug|info|warning|error)$",
        description="From which level on it is logged.",
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment before files before `.env`."""
        del file_secret_settings
        return init_settings, env_settings, _SecretFiles(settings_cls), dotenv_settings


def load() -> Settings:
    """Read the settings; raises UsageError that names what is wrong, without its value."""
    try:
        return Settings()
    except ValidationError as error:
        raise UsageError("; ".join(_told(each) for each in error.errors())) from None
    except UnicodeDecodeError:
        raise UsageError(".env is no text in UTF-8") from None


def _told(error: ErrorDetails) -> str:
    """A line without the value, which may be a secret."""
    name, wrong = str(error["loc"][0]).upper(), error["msg"]
    if error["type"].startswith("time_delta"):
        wrong = "a duration is needed, as PT15M, or a number of seconds"
    # A bound of less than a second is said in what a setting is given in.
    wrong = _MICROSECONDS.sub(lambda found: f"{int(found[1]) / 1_000_000:g} seconds", wrong)
    return f"{PREFIX}{name}: {wrong}"
