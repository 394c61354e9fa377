"""What is needed for certificates and secrets, by the choices of whoever runs Ricarica."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

from ricarica.app.config import Config, ConfigError
from ricarica.app.strangers import ContractPool, EnrolmentServer, PublicFetch
from ricarica.certificates.authority import GivenAuthority
from ricarica.certificates.inquiries import Inquiries
from ricarica.certificates.pki import Pki
from ricarica.certificates.ports import Authority, Vault
from ricarica.certificates.queries import CertificateQueries
from ricarica.certificates.reading import certificates_in, pem_of
from ricarica.certificates.service import CertificatePolicy
from ricarica.certificates.vault import AesVault, MissingVault, new_key
from ricarica.kernel.clock import Clock
from ricarica.kernel.errors import InvalidError
from ricarica.security.service import SecurityPolicy
from ricarica.station_gateway.tls import OwnAuthority
from ricarica.storage.database import Database

KEY_FILE = "secrets.key"


def pki_of(config: Config, clock: Clock) -> Pki:
    authority = _authority(config, clock)
    pool = None
    if config.contract_provider_url:
        pool = ContractPool(config.contract_provider_url, config.contract_provider_token)
    hosts = [host.strip().lower() for host in config.pki_hosts.split(",") if host.strip()]
    return Pki(
        CertificatePolicy(
            organization=config.organization,
            trusted_organizations=names_in(config.trusted_organizations),
            authority_name=config.organization or "Ricarica",
            is_authority_ours=authority is None,
        ),
        vault_of(config),
        Inquiries(PublicFetch(hosts), pool),
        authority,
    )


def names_in(text: str) -> frozenset[str]:
    return frozenset(name.strip() for name in text.split(";") if name.strip())


def security_policy_of(config: Config) -> SecurityPolicy:
    offers_tls = config.has_tls or (config.stations_url or "").startswith("wss:")
    return SecurityPolicy(offers_tls=offers_tls, stations_url=config.stations_url)


def vault_of(config: Config) -> Vault:
    """Processes that share a database need the same key, and no data of one of them has it."""
    return MissingVault() if is_key_missing(config) else AesVault(secrets_key(config))


def is_key_missing(config: Config) -> bool:
    return config.nats_url is not None and config.secrets_key is None


def secrets_key(config: Config) -> bytes:
    """The key that seals secrets in the database: the one given, or one made among the data.

    Raises:
        ConfigError: it cannot be read, or is none.
    """
    path = config.secrets_key or config.data / KEY_FILE
    try:
        if config.secrets_key is None and not path.exists():
            _make(path)
        key = path.read_bytes().strip()
        AesVault(key)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error
    except InvalidError as error:
        raise ConfigError(f"{path} holds no key: {error}") from error
    return key


def signers_of(config: Config, database: Database) -> Callable[[], Awaitable[list[OwnAuthority]]]:
    """Who signs the certificates by which stations come in: of each tenant, and of us all."""

    async def signers() -> list[OwnAuthority]:
        found = await CertificateQueries(database).signers()
        own = [OwnAuthority(tenant, pem_of(certificates_in(pem)[:1])) for tenant, pem in found]
        given = config.authority_certificate
        if given is not None:
            chain = certificates_in(await asyncio.to_thread(given.read_text, encoding="utf-8"))
            own.append(OwnAuthority("", pem_of(chain[:1])))
        return own

    return signers


def _make(path: Path) -> None:
    """Readable by nobody else, from its first moment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(file, "wb") as opened:
        opened.write(new_key() + b"\n")


def _authority(config: Config, clock: Clock) -> Authority | None:
    if config.authority_url:
        return EnrolmentServer(config.authority_url, config.authority_token)
    pairs = {
        "station": (config.authority_certificate, config.authority_key),
        "v2g": (config.v2g_authority_certificate, config.v2g_authority_key),
    }
    given = {
        purpose: (chain.read_text(encoding="utf-8"), key.read_bytes())
        for purpose, (chain, key) in pairs.items()
        if chain is not None and key is not None
    }
    return GivenAuthority(given, clock) if given else None
