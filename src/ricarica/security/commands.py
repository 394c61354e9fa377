"""What this slice tells stations."""

from dataclasses import dataclass, field

from ricarica.security.model import NetworkProfile, NetworkSecrets


@dataclass(frozen=True, slots=True)
class SetPassword:
    """A01. 40 hex digits: the key itself to 1.6, and to 2.x a text like any other."""

    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class RaiseProfile:
    """A05 where a station has one connection, and a key for its security profile."""

    profile: int
    before: int | None = None  # what it was told, and may have taken, before that


@dataclass(frozen=True, slots=True)
class ReadNetworks:
    """In which order the station tries its slots, and which one it uses."""


@dataclass(frozen=True, slots=True)
class SetNetwork:
    """B09"""

    slot: int
    profile: NetworkProfile
    secrets: NetworkSecrets = field(repr=False)


@dataclass(frozen=True, slots=True)
class SetNetworkOrder:
    """B10"""

    order: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RestartForNetwork:
    """B10: once nobody charges there any more."""
