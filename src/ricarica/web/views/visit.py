"""Who looks, in which language and colours: what every page needs besides its own content."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Protocol

from ricarica.access.model import PERMISSIONS, Permission, Role
from ricarica.web.translations import msgid


class View(Protocol):
    """Anything that can be rendered: a page or a fragment of one."""

    @property
    def template(self) -> str: ...


ROLE_LABELS: Mapping[Role, str] = {
    Role.ADMIN: msgid("Administrator"),
    Role.OPERATOR: msgid("Operator"),
    Role.VIEWER: msgid("Viewer"),
}


class Theme(StrEnum):
    AUTO = "auto"
    LIGHT = "light"
    DARK = "dark"


THEME_LABELS: Mapping[Theme, str] = {
    Theme.AUTO: msgid("Like the system"),
    Theme.LIGHT: msgid("Light"),
    Theme.DARK: msgid("Dark"),
}


class Notice(StrEnum):
    """What was just done; the page after a redirect names it in `?done=…`."""

    STATION_SAVED = "station-saved"
    STATION_APPROVED = "station-approved"
    STATION_REFUSED = "station-refused"
    TOKEN_SAVED = "token-saved"  # noqa: S105 - the name of a notice, not a secret
    TOKEN_BLOCKED = "token-blocked"  # noqa: S105 - the name of a notice, not a secret
    TOKEN_UNBLOCKED = "token-unblocked"  # noqa: S105 - the name of a notice, not a secret
    ACCESS_SAVED = "access-saved"
    DISPLAY_SAVED = "display-saved"
    TARIFF_SAVED = "tariff-saved"
    IMAGE_ADDED = "image-added"
    IMAGE_WITHDRAWN = "image-withdrawn"
    ROOT_TRUSTED = "root-trusted"
    CAMPAIGN_BEGUN = "campaign-begun"
    LOG_DELETED = "log-deleted"
    KEY_REVOKED = "key-revoked"
    OPERATOR_SAVED = "operator-saved"
    OPERATOR_REMOVED = "operator-removed"
    MESSAGE_READ = "message-read"
    SITE_SAVED = "site-saved"
    SITE_REMOVED = "site-removed"
    PASSWORD_CHANGED = "password-changed"  # noqa: S105 - the name of a notice, not a secret
    PREFERENCES_SAVED = "preferences-saved"
    TEMPLATE_SAVED = "template-saved"
    TEMPLATE_PUSHED = "template-pushed"
    RULE_SAVED = "rule-saved"
    LOGGED_OUT = "logged-out"
    COMMAND_CANCELLED = "command-cancelled"
    UPKEEP_BEGUN = "upkeep-begun"
    BULK_BEGUN = "bulk-begun"
    BULK_CANCELLED = "bulk-cancelled"
    EVENTS_SEEN = "events-seen"
    ROOT_REMOVED = "root-removed"
    NETWORK_SAVED = "network-saved"
    NETWORK_REMOVED = "network-removed"
    STATION_TOLD = "station-told"


NOTICE_TEXTS: Mapping[Notice, str] = {
    Notice.STATION_SAVED: msgid("The station was saved."),
    Notice.STATION_APPROVED: msgid("The station was approved. It may charge from its next boot."),
    Notice.STATION_REFUSED: msgid("The station was refused. It will not be let in again."),
    Notice.TOKEN_SAVED: msgid("The token was saved."),
    Notice.TOKEN_BLOCKED: msgid("The token was blocked."),
    Notice.TOKEN_UNBLOCKED: msgid("The token may charge again."),
    Notice.ACCESS_SAVED: msgid("It was saved. It holds from the next token on."),
    Notice.DISPLAY_SAVED: msgid("It was saved. Stations that are connected are told now."),
    Notice.TARIFF_SAVED: msgid("The tariff was saved. It applies to transactions from now on."),
    Notice.IMAGE_ADDED: msgid("The image was added."),
    Notice.IMAGE_WITHDRAWN: msgid("The image was withdrawn. No station gets it any more."),
    Notice.ROOT_TRUSTED: msgid("The root is trusted from now on."),
    Notice.CAMPAIGN_BEGUN: msgid("The campaign has begun."),
    Notice.LOG_DELETED: msgid("The log was deleted."),
    Notice.KEY_REVOKED: msgid("The API key was revoked."),
    Notice.OPERATOR_SAVED: msgid("The operator was saved."),
    Notice.OPERATOR_REMOVED: msgid("The operator was removed."),
    Notice.SITE_SAVED: msgid("The site was saved."),
    Notice.SITE_REMOVED: msgid("The site was removed."),
    Notice.MESSAGE_READ: msgid("The message was read, and has had its effect."),
    Notice.PASSWORD_CHANGED: msgid("Your password was changed."),
    Notice.PREFERENCES_SAVED: msgid("Your preferences were saved."),
    Notice.TEMPLATE_SAVED: msgid("The template was saved. Stations that differ are told."),
    Notice.TEMPLATE_PUSHED: msgid("The stations are being told."),
    Notice.RULE_SAVED: msgid("The rule was saved."),
    Notice.LOGGED_OUT: msgid("You are logged out."),
    Notice.COMMAND_CANCELLED: msgid("The command will not be sent."),
    Notice.EVENTS_SEEN: msgid("The events were marked as seen."),
    Notice.ROOT_REMOVED: msgid("The root was removed."),
    Notice.NETWORK_SAVED: msgid("The network profile was saved. Stations that use it are told."),
    Notice.NETWORK_REMOVED: msgid("The network profile was removed."),
    Notice.STATION_TOLD: msgid("Done. What the station has to do follows by itself."),
    Notice.UPKEEP_BEGUN: msgid("The station is told what is missing."),
    Notice.BULK_BEGUN: msgid("The stations are being told."),
    Notice.BULK_CANCELLED: msgid("Nobody else is told."),
}


@dataclass(frozen=True, slots=True)
class Viewer:
    """The person at the screen."""

    name: str
    role: Role

    @property
    def may_command(self) -> bool:
        return Permission.COMMAND in PERMISSIONS[self.role]

    @property
    def may_edit_tokens(self) -> bool:
        return Permission.EDIT_TOKENS in PERMISSIONS[self.role]

    @property
    def may_edit_stations(self) -> bool:
        return Permission.EDIT_STATIONS in PERMISSIONS[self.role]

    @property
    def may_edit_tariffs(self) -> bool:
        return Permission.EDIT_TARIFFS in PERMISSIONS[self.role]

    @property
    def may_administer(self) -> bool:
        return Permission.ADMINISTER in PERMISSIONS[self.role]


@dataclass(frozen=True, slots=True)
class Visit:
    viewer: Viewer | None
    """None before login: the page then has no navigation."""
    now: datetime
    path: str
    """Path and query of this page: where the switches of language and theme lead back to."""
    csrf_token: str
    language: str = "en"
    theme: Theme = Theme.AUTO
    time_zone: str = "UTC"
    pending_stations: int = 0
    notice: Notice | None = None
    shown: Mapping[str, str] = field(default_factory=dict)
    """By field, what a form that is shown again had shown at first."""

    mark: str = ""
    """Of this page's forms: what is sent again with it has had its effect."""
    is_editing: bool = False
    """The page's form changes what is there."""


class Section(StrEnum):
    """Entries of the navigation; `key` is the second letter of its shortcut, after `g`."""

    OVERVIEW = "overview"
    STATIONS = "stations"
    TRANSACTIONS = "transactions"
    TOKENS = "tokens"
    TARIFFS = "tariffs"
    PENDING = "pending"
    DISPLAYS = "displays"
    FIRMWARE = "firmware"
    FILES = "files"
    MESSAGES = "messages"
    ENERGY = "energy"
    SWAPS = "swaps"
    SETTINGS = "settings"
    TEMPLATES = "templates"
    EVENTS = "events"
    COMMANDS = "commands"
    SECURITY = "security"


@dataclass(frozen=True, slots=True)
class Entry:
    section: Section
    label: str
    url: str
    key: str


@dataclass(frozen=True, slots=True)
class Group:
    """Entries that belong together; one without entries is not shown."""

    label: str
    entries: tuple[Entry, ...]


OPERATE = (
    Entry(Section.OVERVIEW, msgid("Overview"), "/", "o"),
    Entry(Section.STATIONS, msgid("Stations"), "/stations", "s"),
    Entry(Section.TRANSACTIONS, msgid("Transactions"), "/transactions", "t"),
    Entry(Section.TOKENS, msgid("Tokens"), "/tokens", "k"),
    Entry(Section.TARIFFS, msgid("Tariffs"), "/tariffs", "r"),
    Entry(Section.PENDING, msgid("Pending"), "/pending", "p"),
)
DEVICES: tuple[Entry, ...] = (
    Entry(Section.COMMANDS, msgid("Commands"), "/commands", "c"),
    Entry(Section.TEMPLATES, msgid("Templates"), "/templates", "x"),
    Entry(Section.EVENTS, msgid("Events"), "/events", "v"),
    Entry(Section.FIRMWARE, msgid("Firmware"), "/firmware", "f"),
    Entry(Section.FILES, msgid("Files"), "/logs", "l"),
    Entry(Section.DISPLAYS, msgid("Displays"), "/displays", "d"),
    Entry(Section.ENERGY, msgid("Energy"), "/energy", "n"),
    Entry(Section.SWAPS, msgid("Swaps"), "/swaps", "b"),
    Entry(Section.SECURITY, msgid("Security"), "/security", "y"),
)
SYSTEM = (
    Entry(Section.MESSAGES, msgid("Messages"), "/messages", "m"),
    Entry(Section.SETTINGS, msgid("Settings"), "/settings", "e"),
)
GROUPS = (
    Group(msgid("Operate"), OPERATE),
    Group(msgid("Devices"), DEVICES),
    Group(msgid("System"), SYSTEM),
)
NAVIGATION: tuple[Entry, ...] = tuple(entry for group in GROUPS for entry in group.entries)


class Page:
    """What the frame around a page asks of it."""

    __slots__ = ()
    template: ClassVar[str]
    section: ClassVar[Section | None] = None

    @property
    def watches(self) -> tuple[str, ...]:
        """Topics of the live stream this page wants; none means the page stands still."""
        return ()
