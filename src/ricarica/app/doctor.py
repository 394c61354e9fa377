"""`ricarica doctor`: what would keep Ricarica from working here, in plain words."""

import shutil
import socket
import ssl
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import sqlalchemy as sa
from cryptography import x509

from ricarica.app import examination
from ricarica.app.config import Config
from ricarica.app.retention import Retention
from ricarica.app.sealed import sealed_in, unopened
from ricarica.app.security import KEY_FILE, is_key_missing, vault_of
from ricarica.app.tables import metadata
from ricarica.certificates.vault import MissingVault
from ricarica.cli.ports import Finding
from ricarica.kernel.errors import RicaricaError
from ricarica.storage.migrations import pending
from ricarica.storage.open import open_database

FREE_BYTES_MIN = 1 << 30  # a month of a hundred stations, with room for the index
BUILT = datetime(2026, 1, 1, tzinfo=UTC)  # this program did not exist before
CERTIFICATE_DAYS_MIN = 14  # to renew it before stations stay away

Check = Callable[[Config], Awaitable[Finding]]


async def examine(config: Config) -> Sequence[Finding]:
    findings = [await check(config) for check in CHECKS]
    return [*findings, *(await _ports(config))]


async def examine_data(config: Config) -> Sequence[Finding]:
    """What is wrong with the data; that all is well with an invariant is a finding too."""
    there = await _database(config)
    if not there.is_well:
        return [there]
    if _is_new(config):
        text = f"there is none at {_file(config)}"
        remedy = "say where the data are: --data or --database-url"
        return [Finding("database", is_well=False, text=text, remedy=remedy)]
    database = open_database(config.url, metadata)
    try:
        kept = datetime.now(UTC) - Retention().readings
        power_max_w = Decimal(config.outlet_power_max_kw * 1000)
        findings = await examination.examine(database, power_max_w=power_max_w, readings_since=kept)
    finally:
        await database.close()
    broken = {finding.check for finding in findings}
    well = [
        Finding(invariant, is_well=True, text=text)
        for invariant, text in examination.INVARIANTS.items()
        if invariant not in broken
    ]
    return [*well, *findings]


async def _data(config: Config) -> Finding:
    folder = _existing(config.data)
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        return Finding(
            "data",
            is_well=False,
            text=f"{folder.absolute()} cannot be written to: {error.strerror}",
            remedy="give the user that runs Ricarica the right to write there, or choose --data",
        )
    return Finding("data", is_well=True, text=f"{config.data.absolute()} can be written to")


async def _space(config: Config) -> Finding:
    free = shutil.disk_usage(_existing(config.data)).free
    text = f"{free / 2**30:.1f} GiB are free"
    if free < FREE_BYTES_MIN:
        remedy = "free some space, or put the data on a larger disk with --data"
        return Finding("disk", is_well=False, text=text, remedy=remedy)
    return Finding("disk", is_well=True, text=text)


async def _database(config: Config) -> Finding:
    if _is_new(config):
        text = "not made yet; the first start makes it"
        return Finding("database", is_well=True, text=text)
    database = open_database(config.url, metadata)
    try:
        steps = await database.run_sync(pending)
    except (RicaricaError, OSError) as error:
        return Finding(
            "database",
            is_well=False,
            text=f"it cannot be reached: {error}",
            remedy="see that it runs, and that address, user and password are right",
        )
    finally:
        await database.close()
    if steps:
        return Finding(
            "database",
            is_well=False,
            text=f"its schema is older than this program: {', '.join(steps[:3])} … are missing",
            remedy="start `ricarica serve` once; it brings the schema up to date",
        )
    return Finding("database", is_well=True, text="it can be reached, and its schema is current")


async def _secrets(config: Config) -> Finding:
    """The key is looked at, and never made."""
    path = config.secrets_key or config.data / KEY_FILE
    if is_key_missing(config):
        return Finding(
            "secrets",
            is_well=False,
            text="the nodes have no key in common: no certificate of ours is signed, and no "
            "password of a forward or a network is kept",
            remedy="give each node the same file with `secrets_key`; "
            "`openssl rand -base64 32` makes one",
        )
    try:
        vault = vault_of(config) if config.secrets_key or path.exists() else MissingVault()
        if not (await _database(config)).is_well:
            return Finding("secrets", is_well=True, text="not known while the database is not well")
        sealed = await _sealed(config)
    except (RicaricaError, OSError) as error:
        return Finding("secrets", is_well=False, text=str(error))
    if number := unopened(vault, sealed):
        return Finding(
            "secrets",
            is_well=False,
            text=f"{path} does not open {number} of {len(sealed)} secrets in the database",
            remedy="put back the file of before, from the backup that the database is from",
        )
    text = f"{path} opens what is sealed in the database" if sealed else "nothing is sealed yet"
    return Finding("secrets", is_well=True, text=text)


async def _sealed(config: Config) -> list[bytes]:
    if _is_new(config):
        return []
    database = open_database(config.url, metadata)
    try:
        return await sealed_in(database)
    finally:
        await database.close()


async def _clock(_config: Config) -> Finding:
    now = datetime.now(UTC)
    if now < BUILT:
        return Finding(
            "clock",
            is_well=False,
            text=f"it shows {now:%Y-%m-%d}, before this program was made",
            remedy="set it, and let NTP keep it right: stations take their time from us",
        )
    return Finding("clock", is_well=True, text=f"it shows {now:%Y-%m-%d %H:%M} UTC")


async def _tls(config: Config) -> Finding:
    if config.tls_certificate is None or config.tls_key is None:
        text = "none; stations connect without TLS, which is for trusted networks only"
        return Finding("tls", is_well=True, text=text)
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(
            config.tls_certificate, config.tls_key
        )
        certificate = x509.load_pem_x509_certificate(config.tls_certificate.read_bytes())
    except (OSError, ValueError) as error:
        return Finding(
            "tls",
            is_well=False,
            text=f"certificate and key cannot be used: {error}",
            remedy="both are PEM files; the certificate comes first in its chain and fits the key",
        )
    return _expiry(certificate.not_valid_after_utc)


def _expiry(until: datetime) -> Finding:
    days = (until - datetime.now(UTC)).days
    text = f"the certificate is good until {until:%Y-%m-%d}"
    if days < CERTIFICATE_DAYS_MIN:
        remedy = "renew it: stations stay away from an expired one"
        return Finding("tls", is_well=False, text=text, remedy=remedy)
    return Finding("tls", is_well=True, text=text)


async def _ports(config: Config) -> list[Finding]:
    wanted = [
        ("station port", config.station_host, config.station_port),
        ("http port", config.http_host, config.http_port),
    ]
    if config.has_tls:
        wanted.append(("station TLS port", config.station_host, config.station_tls_port))
    return [_port(*each) for each in wanted]


def _port(name: str, host: str, port: int) -> Finding:
    try:
        with socket.create_server((host, port)):
            pass
    except PermissionError:
        remedy = "ports below 1024 need a privilege; choose a higher one, with a proxy before it"
        return Finding(name, is_well=False, text=f"{port} may not be used", remedy=remedy)
    except OSError as error:
        remedy = "stop what listens there (it may be Ricarica itself), or choose another port"
        return Finding(name, is_well=False, text=f"{port}: {error.strerror}", remedy=remedy)
    return Finding(name, is_well=True, text=f"{port} is free")


def _is_new(config: Config) -> bool:
    """To look at a database of SQLite's that is not there would make it."""
    file = _file(config)
    return file is not None and not file.exists()


def _file(config: Config) -> Path | None:
    url = sa.make_url(config.url)
    return Path(url.database) if url.drivername == "sqlite" and url.database else None


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    return next(
        place for place in (folder.absolute(), *folder.absolute().parents) if place.is_dir()
    )


CHECKS: tuple[Check, ...] = (_data, _space, _database, _secrets, _clock, _tls)
