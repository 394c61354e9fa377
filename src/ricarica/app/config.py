"""The choices of whoever runs Ricarica: from flags, the environment, `ricarica.toml`, or as given.

A flag counts more than `RICARICA_…`, that more than the file, and the file more than a default.
"""

import difflib
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

import msgspec

from ricarica.access.model import checked_password
from ricarica.app.logs import LEVELS
from ricarica.app.roles import ALL_ROLES, Role, roles_from
from ricarica.kernel.errors import InvalidError, RicaricaError
from ricarica.station_gateway.proxies import networks_from
from ricarica.stations.model import UnknownStations
from ricarica.stations.service import POWER_MAX_W

ENVIRONMENT_PREFIX = "RICARICA_"
FILE = Path("ricarica.toml")
HEARTBEAT_S_MIN, HEARTBEAT_S_MAX = 10, 86_400  # below it is noise, above it nobody misses a station

# For the command line and for those who sign in, but no business of the server's.
OTHER_VARIABLES = frozenset(
    {
        "RICARICA_ACCEPT_UNKNOWN_STATIONS",
        "RICARICA_API_KEY",
        "RICARICA_CONFIG",
        "RICARICA_FAILPOINTS",
        "RICARICA_FORWARD_PASSWORD",
        "RICARICA_OPERATOR_PASSWORD",
        "RICARICA_URL",
    }
)
OTHER_PREFIX = "RICARICA_SIMULATE_"


class ConfigError(RicaricaError):
    """A setting makes no sense; the text names it, where it came from and what would."""


VIES = "https://ec.europa.eu/taxation_customs/vies/rest-api"  # of the European Union

NATS_SCHEMES = ("nats", "tls", "ws", "wss")


@dataclass(frozen=True, slots=True)
class Config:
    data: Path = Path("ricarica-data")
    station_host: str = "0.0.0.0"  # noqa: S104 - stations come from outside
    station_port: int = 9000
    station_tls_port: int = 9443  # beside the other, once there is a certificate
    http_host: str = "0.0.0.0"  # noqa: S104 - so do people; put a proxy with TLS before it
    http_port: int = 8080
    database_url: str | None = field(default=None, repr=False)  # it may carry a password
    nats_url: str | None = field(default=None, repr=False)
    roles: str = ",".join(Role)  # of this process among those that share the database
    unknown_stations: UnknownStations = UnknownStations.PENDING
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    tls_second_certificate: Path | None = None  # of the other kind: RSA beside ECDSA
    tls_second_key: Path | None = None
    tls_client_ca: Path | None = None  # who signs the certificates of stations
    trusted_proxies: str = ""  # addresses and ranges, with commas in between
    proxy_protocol: bool = False
    handshakes_per_s: int = 300
    connections_max: int = 100_000
    heartbeat_s: int = 300
    upkeep_after_boot_s: int = 60
    outlet_power_max_kw: int = int(POWER_MAX_W / 1000)
    admin_password: str | None = field(default=None, repr=False)
    currency: str = "EUR"
    time_zone: str = "UTC"  # of the pages; OCPP knows no other than UTC
    secure_cookies: bool = False  # for a proxy that does not say that it speaks HTTPS
    log_level: str = "info"
    log_json: bool = False
    public_url: str | None = None  # where stations find files of ours; None: where we listen
    files: Path | None = None  # a folder that all nodes share; None: among the data
    image_max_mb: int = 1_024
    images_max_mb: int = 20_480
    log_max_mb: int = 200
    logs_max_mb: int = 5_120
    logs_kept_days: int = 30
    ftp_port: int | None = None  # for logs by FTP; None: there is no such door
    ftp_data_ports: str = ""  # as in 30000-30100; empty: any
    ftp_address: str | None = None  # what stations are told, where that is not the socket's
    only_signed_firmware: bool = False
    forward_to_private: bool = False  # mirror stations to back ends in our own network
    hide_tokens: bool = False  # in the log of messages
    # Where companies' numbers can be looked up, as VIES speaks; None: only their form is checked.
    vat_register_url: str | None = None
    stations_url: str | None = None  # under which stations reach us, as wss://csms.example.com:9443
    organization: str | None = None  # the operator's name, that certificates of stations carry
    # Whose certificates stations may show besides, with ; in between: their makers', for instance.
    trusted_organizations: str = ""
    secrets_key: Path | None = None  # seals secrets in the database; None: one among the data
    # Who signs certificates of stations: files of an authority, or the address of an EST server;
    # without either, an authority of our own is made when it is needed.
    authority_certificate: Path | None = None
    authority_key: Path | None = None
    v2g_authority_certificate: Path | None = None  # of those that stations show to cars
    v2g_authority_key: Path | None = None
    authority_url: str | None = None
    authority_token: str | None = field(default=None, repr=False)
    contract_provider_url: str | None = None  # has contract certificates for cars
    contract_provider_token: str | None = field(default=None, repr=False)
    pki_hosts: str = ""  # of OCSP and lists of revoked certificates, if not on the internet
    otel_endpoint: str | None = field(default=None, repr=False)  # it may carry a key
    otel_sampling: float = 0.1

    @property
    def url(self) -> str:
        """The database's: the one given, or that of a file among the data."""
        return self.database_url or f"sqlite:///{(self.data / 'ricarica.db').absolute()}"

    @property
    def ftp_ports(self) -> range | None:
        first, _, last = self.ftp_data_ports.partition("-")
        return range(int(first), int(last) + 1) if first else None

    @property
    def has_tls(self) -> bool:
        return self.tls_certificate is not None

    @property
    def certificates(self) -> list[tuple[Path, Path]]:
        """Each chain with its key."""
        pairs = (
            (self.tls_certificate, self.tls_key),
            (self.tls_second_certificate, self.tls_second_key),
        )
        return [(chain, key) for chain, key in pairs if chain is not None and key is not None]


NAMES = tuple(each.name for each in fields(Config))


def load_config(
    flags: Mapping[str, Any], environment: Mapping[str, str], file: Path | None = None
) -> Config:
    """
    Args:
        flags: By the names of `Config`; None where a flag was not given.
        environment: All variables there are.
        file: A file that must be there; otherwise `ricarica.toml` counts if there is one.

    Raises:
        ConfigError: something makes no sense.
    """
    path = file or _named_file(environment)
    sources = (
        (path.name if path else str(FILE), _from_file(path)),
        ("the environment", _from_environment(environment)),
        ("the command line", {name: each for name, each in flags.items() if each is not None}),
    )
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for origin, given in sources:
        for name in given:
            origins[name] = origin
        values.update(given)
    return _checked(_converted(values, origins))


def _named_file(environment: Mapping[str, str]) -> Path | None:
    named = environment.get("RICARICA_CONFIG")
    if named:
        return Path(named)
    return FILE if FILE.is_file() else None


def _from_file(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not TOML: {error}") from error
    for name in content:
        if name not in NAMES:
            raise ConfigError(f"{path}: there is no setting {name}{_hint(name)}")
    return content


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    given = {name: environment.get(f"{ENVIRONMENT_PREFIX}{name.upper()}") for name in NAMES}
    # An empty variable is how compose files say that nothing was chosen.
    return {name: value for name, value in given.items() if value}


def unknown_variables(environment: Mapping[str, str]) -> list[str]:
    """Variables that look like ours and are not: mostly typing errors."""
    known = {f"{ENVIRONMENT_PREFIX}{name.upper()}" for name in NAMES} | OTHER_VARIABLES
    return sorted(
        name
        for name in environment
        if name.startswith(ENVIRONMENT_PREFIX)
        and not name.startswith(OTHER_PREFIX)
        and name not in known
    )


def _converted(values: Mapping[str, Any], origins: Mapping[str, str]) -> Config:
    types = {each.name: each.type for each in fields(Config)}
    converted: dict[str, Any] = {}
    for name, value in values.items():
        try:
            converted[name] = msgspec.convert(value, types[name], strict=False, dec_hook=_decoded)
        except msgspec.ValidationError as error:
            raise ConfigError(f"{name} in {origins[name]}: {error}") from error
    return Config(**converted)


def _decoded(kind: type, value: object) -> object:
    if kind is Path and isinstance(value, str | Path):
        return Path(value).expanduser()
    raise msgspec.ValidationError(f"Expected a path, got {value!r}")


def _hint(name: str) -> str:
    close = difflib.get_close_matches(name, NAMES, n=1)
    return f"; did you mean {close[0]}?" if close else f". There are: {', '.join(NAMES)}"


# -- what must hold


def _checked(config: Config) -> Config:
    for rule in RULES:
        for complaint in rule(config):
            raise ConfigError(complaint)
    return config


def _ports(config: Config) -> Iterator[str]:
    taken: dict[int, str] = {}
    for name in ("station_port", "station_tls_port", "http_port"):
        port = getattr(config, name)
        if not 0 <= port <= 65_535:
            yield f"{name} is a number from 0 to 65535, not {port}; 0 means any that is free"
        if port and port in taken:
            yield f"{name} and {taken[port]} are both {port}; each needs a port of its own"
        taken[port] = name


def _tls(config: Config) -> Iterator[str]:
    if (config.tls_certificate is None) != (config.tls_key is None):
        yield "tls_certificate and tls_key belong together; give both or neither"
    if (config.tls_second_certificate is None) != (config.tls_second_key is None):
        yield "tls_second_certificate and tls_second_key belong together; give both or neither"
    if config.tls_second_certificate is not None and not config.has_tls:
        yield "tls_second_certificate is for a second kind of key; give tls_certificate first"
    if config.tls_client_ca is not None and not config.has_tls:
        yield "tls_client_ca is for stations that connect with TLS; give tls_certificate too"


def _authorities(config: Config) -> Iterator[str]:
    pairs = (
        ("authority", config.authority_certificate, config.authority_key),
        ("v2g_authority", config.v2g_authority_certificate, config.v2g_authority_key),
    )
    for name, certificate, key in pairs:
        if (certificate is None) != (key is None):
            yield f"{name}_certificate and {name}_key belong together; give both or neither"
        if certificate is not None and config.authority_url:
            yield f"authority_url is another authority than {name}_certificate; give one of them"
    for name in ("authority_url", "contract_provider_url"):
        url: str | None = getattr(config, name)
        if url and not url.startswith(("http://", "https://")):
            yield f"{name} is an address such as https://example.com, not {url}"
    if config.vat_register_url and not config.vat_register_url.startswith(("http://", "https://")):
        yield f"vat_register_url is an address such as {VIES}, not {config.vat_register_url}"
    if config.stations_url and not config.stations_url.startswith(("ws://", "wss://")):
        given = config.stations_url
        yield f"stations_url is an address such as wss://csms.example.com, not {given}"


def _crowds(config: Config) -> Iterator[str]:
    try:
        networks_from(config.trusted_proxies.split(","))
    except InvalidError as error:
        yield f"trusted_proxies: {error}"
    if config.proxy_protocol and not config.trusted_proxies:
        yield "proxy_protocol is only believed of trusted_proxies; say which they are"
    if config.handshakes_per_s < 1:
        yield f"handshakes_per_s is 1 or more, not {config.handshakes_per_s}"
    if config.connections_max < 1:
        yield f"connections_max is 1 or more, not {config.connections_max}"


def _stores(config: Config) -> Iterator[str]:
    if config.nats_url and not config.database_url:
        yield "nats_url is for several processes, which SQLite cannot serve; give database_url too"
    for url in (config.nats_url or "").split(","):
        scheme, found, _ = url.strip().partition("://")
        if found and scheme not in NATS_SCHEMES:
            yield f"nats_url is an address such as nats://localhost:4222, and none of {scheme}"
    try:
        roles = roles_from(config.roles)
    except InvalidError as error:
        yield f"roles: {error}"
    else:
        if roles != ALL_ROLES and not config.nats_url:
            yield "roles can be parted only where processes hear of each other; give nats_url too"
    if config.database_url:
        from ricarica.storage.open import open_database

        try:
            open_database(config.database_url)
        except InvalidError as error:
            yield f"database_url: {error}"


def _words(config: Config) -> Iterator[str]:
    if config.log_level not in LEVELS:
        yield f"log_level is one of {', '.join(LEVELS)}, not {config.log_level}"
    code = config.currency
    if not (len(code) == 3 and code.isascii() and code.isalpha() and code.isupper()):
        yield f"currency is an ISO 4217 code such as EUR, not {code}"
    if config.time_zone not in available_timezones():
        yield f"time_zone is a name such as Europe/Rome, not {config.time_zone}"
    if config.outlet_power_max_kw < 1:
        yield f"outlet_power_max_kw is 1 or more, not {config.outlet_power_max_kw}"
    seconds = config.heartbeat_s
    if not HEARTBEAT_S_MIN <= seconds <= HEARTBEAT_S_MAX:
        yield f"heartbeat_s is from {HEARTBEAT_S_MIN} to {HEARTBEAT_S_MAX}, not {seconds}"
    if config.upkeep_after_boot_s < 0:
        yield f"upkeep_after_boot_s is 0 or more, not {config.upkeep_after_boot_s}"


def _traces(config: Config) -> Iterator[str]:
    if not 0 <= config.otel_sampling <= 1:
        yield f"otel_sampling is a share from 0 to 1, not {config.otel_sampling}"
    if config.otel_endpoint is None:
        return
    if not config.otel_endpoint.startswith(("http://", "https://")):
        yield "otel_endpoint is the address of a collector, such as http://localhost:4318"
    if find_spec("opentelemetry") is None or find_spec("opentelemetry.sdk") is None:
        yield "otel_endpoint needs packages that are not installed: install ricarica[otel]"


def _files(config: Config) -> Iterator[str]:
    url = config.public_url
    if url is not None and (not url.startswith(("http://", "https://")) or url.endswith("/")):
        yield f"public_url is an address such as https://csms.example, not {url}"
    for name in ("image_max_mb", "images_max_mb", "log_max_mb", "logs_max_mb", "logs_kept_days"):
        if getattr(config, name) < 1:
            yield f"{name} is 1 or more, not {getattr(config, name)}"
    if not re.fullmatch(r"(\d{1,5}-\d{1,5})?", config.ftp_data_ports):
        yield f"ftp_data_ports is a range such as 30000-30100, not {config.ftp_data_ports}"
    if config.ftp_port is not None and find_spec("aioftp") is None:
        yield "ftp_port needs a package that is not installed: install ricarica[ftp]"


def _secrets(config: Config) -> Iterator[str]:
    if config.admin_password is not None:
        try:
            checked_password(config.admin_password)
        except InvalidError as error:
            yield f"admin_password: {error}"


RULES: tuple[Callable[[Config], Iterator[str]], ...] = (
    _ports,
    _tls,
    _authorities,
    _crowds,
    _stores,
    _words,
    _traces,
    _files,
    _secrets,
)
