"""What an operator can choose: by flag, by environment, in `ricarica.toml`, or not at all."""

import dataclasses
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_type_hints

from ricarica.app.logs import LEVELS
from ricarica.kernel.errors import InvalidError
from ricarica.stations.model import UnknownStations

FILE = "ricarica.toml"
PREFIX = "RICARICA_"
PORT_MAX = 65_535


@dataclass(frozen=True, slots=True)
class Config:
    """Every field is also `RICARICA_<FIELD>` and a key of `ricarica.toml`."""

    data: Path = Path("data")
    station_host: str = "0.0.0.0"  # noqa: S104 - stations come from outside
    station_port: int = 9000
    http_host: str = "0.0.0.0"  # noqa: S104 - and so do people
    http_port: int = 8080
    database_url: str | None = None  # None: SQLite in the data directory
    nats_url: str | None = None
    unknown_stations: UnknownStations = UnknownStations.PENDING
    tls_certificate: Path | None = None  # of the stations' door: chain and key, in PEM
    tls_key: Path | None = None
    station_tls_port: int = 9443
    heartbeat_s: int = 300
    admin_password: str | None = dataclasses.field(default=None, repr=False)
    log_level: str = "info"
    log_json: bool = False
    secure_cookies: bool = False  # true where people reach us over HTTPS only
    map_tiles: str | None = None  # URL template of map tiles; None: a plain map

    @property
    def url(self) -> str:
        return self.database_url or f"sqlite:///{(self.data / 'ricarica.db').resolve()}"


def load_config(
    flags: Mapping[str, Any],
    environment: Mapping[str, str] = os.environ,
    file: Path = Path(FILE),
) -> Config:
    """A flag wins over the environment, that over the file, and that over the default.

    Args:
        flags: By field; None is a flag that was not given.

    Raises:
        InvalidError: the text says which value, where it comes from, and what would do.
    """
    told = _from_file(file) | _from_environment(environment)
    told |= {name: ("a flag", value) for name, value in flags.items() if value is not None}
    hints = get_type_hints(Config)
    values = {name: _read(name, hints[name], place, v) for name, (place, v) in told.items()}
    return _checked(Config(**values))


def _from_file(file: Path) -> dict[str, tuple[str, Any]]:
    if not file.is_file():
        return {}
    try:
        found = tomllib.loads(file.read_text())
    except tomllib.TOMLDecodeError as error:
        raise InvalidError(f"{file} is not TOML: {error}") from error
    names = {each.name for each in dataclasses.fields(Config)}
    if unknown := sorted(set(found) - names):
        raise InvalidError(f"{file} has {unknown[0]!r}; the keys there are: {', '.join(names)}")
    return {name: (str(file), value) for name, value in found.items()}


def _from_environment(environment: Mapping[str, str]) -> dict[str, tuple[str, Any]]:
    told = {}
    for each in dataclasses.fields(Config):
        variable = PREFIX + each.name.upper()
        if environment.get(variable):
            told[each.name] = (variable, environment[variable])
    return told


def _read(name: str, hint: Any, place: str, value: Any) -> Any:
    kinds = [kind for kind in getattr(hint, "__args__", (hint,)) if kind is not type(None)]
    kind = kinds[0]
    if isinstance(value, kind):
        return value
    try:
        return _flag(value) if kind is bool else kind(value)
    except ValueError as error:
        choices = getattr(kind, "__members__", None)
        expected = ", ".join(kind) if choices else kind.__name__
        raise InvalidError(f"{name} = {value!r} in {place}: it has to be {expected}") from error


def _flag(value: Any) -> bool:
    known = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
    try:
        return known[str(value).lower()]
    except KeyError as error:
        raise ValueError from error


def _checked(config: Config) -> Config:
    for name in ("station_port", "http_port", "station_tls_port"):
        if not 0 <= getattr(config, name) <= PORT_MAX:
            raise InvalidError(f"{name} is from 0 to {PORT_MAX}, not {getattr(config, name)}")
    if config.nats_url:
        raise InvalidError("nats_url: several nodes are not supported yet; leave it out")
    if bool(config.tls_certificate) != bool(config.tls_key):
        raise InvalidError("tls_certificate and tls_key go together; give both or none")
    for file in (config.tls_certificate, config.tls_key):
        if file and not file.is_file():
            raise InvalidError(f"{file} is not there; give the path of a PEM file")
    if config.log_level not in LEVELS:
        raise InvalidError(f"log_level is one of {', '.join(LEVELS)}, not {config.log_level}")
    if config.heartbeat_s <= 0:
        raise InvalidError("heartbeat_s has to be positive")
    return config
