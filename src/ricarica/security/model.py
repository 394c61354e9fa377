"""Security events of stations, and the networks by which stations reach us."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import urlsplit

from ricarica.kernel.errors import InvalidError
from ricarica.kernel.ids import EventId, StationKey, TenantId

# Appendix 1 of 2.1, and of 1.6 what is called otherwise there. What is in neither list is kept.
CRITICAL = frozenset(
    {
        "FirmwareUpdated",
        "SettingSystemTime",
        "StartupOfTheDevice",
        "ResetOrReboot",
        "SecurityLogWasCleared",
        "MemoryExhaustion",
        "TamperDetectionActivated",
        "InvalidFirmwareSignature",
        "InvalidFirmwareSigningCertificate",
        "InvalidCsmsCertificate",
        "InvalidCentralSystemCertificate",
        "InvalidChargingStationCertificate",
        "InvalidChargePointCertificate",
        "DiscardedRenewedClientCertificate",
        "InvalidTLSVersion",
        "InvalidTLSCipherSuite",
        "MaintenanceLoginAccepted",
        "MaintenanceLoginFailed",
    }
)
# Critical, but nothing that anybody has to look after: every restart makes one of them.
USUAL = frozenset({"FirmwareUpdated", "SettingSystemTime", "StartupOfTheDevice", "ResetOrReboot"})


@dataclass(frozen=True, slots=True)
class SecurityEvent:
    """What a station saw of an attack, or of a change that might be one. A04"""

    station: StationKey
    kind: str  # the station's own word; the list is open
    at: datetime  # by its clock
    info: str
    received_at: datetime
    id: EventId
    is_critical: bool
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None

    @property
    def needs_attention(self) -> bool:
        return self.is_critical and self.kind not in USUAL and self.acknowledged_at is None


# -- networks

NAME_LENGTH_MAX = 60
URL_LENGTH_MAX = 512  # of 2.0.1; 2.1 allows more
SLOT_MAX = 100
PROFILES_MAX = 100  # of one tenant
MOVE_TAKES_MAX = timedelta(minutes=30)  # from the restart until it has to be back
INTERFACES = (
    "Wired0",
    "Wired1",
    "Wired2",
    "Wired3",
    "Wireless0",
    "Wireless1",
    "Wireless2",
    "Wireless3",
    "Any",
)


@dataclass(frozen=True, slots=True)
class Apn:
    name: str
    authentication: str = "AUTO"  # PAP, CHAP, NONE or AUTO
    user: str | None = None
    preferred_network: str | None = None
    use_only_preferred: bool | None = None


@dataclass(frozen=True, slots=True)
class Vpn:
    server: str
    user: str
    kind: str  # IKEv2, IPSec, L2TP or PPTP
    group: str | None = None


@dataclass(frozen=True, slots=True)
class NetworkSecrets:
    """None: the station keeps what it has. They are never shown."""

    password: str | None = field(default=None, repr=False)
    apn_password: str | None = field(default=None, repr=False)
    sim_pin: int | None = field(default=None, repr=False)
    vpn_password: str | None = field(default=None, repr=False)
    vpn_key: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class NetworkProfile:
    """How a station reaches a server: to be set in one of its slots. B09"""

    tenant: TenantId
    name: str
    url: str  # without the station's identity
    security_profile: int
    revised_at: datetime
    interface: str = "Any"
    message_timeout_s: int = 30
    identity: str | None = None
    apn: Apn | None = None
    vpn: Vpn | None = None
    sealed: bytes | None = field(default=None, repr=False)  # its secrets

    @property
    def revision(self) -> str:
        return self.revised_at.isoformat()


def checked_profile(profile: NetworkProfile) -> NetworkProfile:
    """
    Raises:
        InvalidError: no station could connect by it.
    """
    for complaint in (*_of_name(profile), *_of_url(profile), *_of_numbers(profile)):
        raise InvalidError(complaint)
    return profile


def _of_name(profile: NetworkProfile) -> tuple[str, ...]:
    name = profile.name
    fits = 0 < len(name) <= NAME_LENGTH_MAX and name == name.strip() and name.isprintable()
    return (
        ()
        if fits and "/" not in name
        else (
            f"a network profile's name has 1 to {NAME_LENGTH_MAX} visible characters, and no slash",
        )
    )


def _of_url(profile: NetworkProfile) -> tuple[str, ...]:
    try:
        parts = urlsplit(profile.url)
        is_there = bool(parts.hostname) and (parts.port is None or 0 < parts.port < 65_536)
    except ValueError:
        return ("url is an address such as wss://csms.example.com:9443",)
    if parts.scheme not in ("ws", "wss") or not is_there:
        return ("url is an address such as wss://csms.example.com:9443",)
    if parts.username is not None or parts.query or parts.fragment:
        return ("url carries no password, no ? and no #; the password has a member of its own",)
    if len(profile.url) > URL_LENGTH_MAX:
        return (f"url has at most {URL_LENGTH_MAX} characters",)
    if profile.security_profile >= 2 and parts.scheme != "wss":
        return (f"security profile {profile.security_profile} is spoken over wss://",)
    return ()


def _of_numbers(profile: NetworkProfile) -> tuple[str, ...]:
    if profile.security_profile not in range(4):
        return (f"security_profile is 0, 1, 2 or 3, not {profile.security_profile}",)
    if not 1 <= profile.message_timeout_s <= 3_600:
        return (f"message_timeout_s is from 1 to 3600, not {profile.message_timeout_s}",)
    if profile.interface not in INTERFACES:
        return (f"interface is one of {', '.join(INTERFACES)}, not {profile.interface}",)
    return ()


@dataclass(frozen=True, slots=True)
class Slot:
    """What ought to be in a slot of a station, and what it was told last."""

    number: int
    profile: str
    told: str | None = None  # the revision that it took
    told_at: datetime | None = None
    problem: str | None = None  # why it did not take it


class MoveState(StrEnum):
    PREPARING = "preparing"  # the slot is set, then the order of the slots
    RESTARTING = "restarting"  # the order is set; it restarts once nobody charges
    AWAY = "away"  # it went, and is not back yet
    ARRIVED = "arrived"
    LEFT = "left"  # to another server, as was wanted
    ROLLING_BACK = "rolling_back"  # it came back by the old way
    ROLLED_BACK = "rolled_back"
    FAILED = "failed"
    LOST = "lost"  # it has not come back in time


UNDER_WAY = frozenset(
    {MoveState.PREPARING, MoveState.RESTARTING, MoveState.AWAY, MoveState.ROLLING_BACK}
)


@dataclass(frozen=True, slots=True)
class Move:
    """On its way to another slot. B10"""

    slot: int
    state: MoveState
    began_at: datetime
    leaves: bool = False  # to another server: it ought not to come back
    raises_to: int | None = None  # the security profile that it will have then. A05
    raised_before: int | None = None  # what it was told before, and may have taken
    old_order: tuple[int, ...] = ()
    epoch: int = 0  # of the connection over which it was told to restart
    until: datetime | None = None  # by when it has to be back
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class StationNetworks:
    """The slots of a station: as they ought to be, and as it told them."""

    station: StationKey
    slots: Mapping[int, Slot] = field(default_factory=dict)
    order: tuple[int, ...] = ()  # in which it tries them
    active: int | None = None  # over which it is connected
    read_at: datetime | None = None  # when it told so
    move: Move | None = None
