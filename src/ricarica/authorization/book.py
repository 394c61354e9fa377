"""What an operator has laid down about tokens, all in one: it is asked for with every token."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from ricarica.authorization.model import NOBODYS, Token, TokenKind, TokenStatus
from ricarica.authorization.rules import AccessRule, Effect, same
from ricarica.kernel.errors import InvalidError
from ricarica.kernel.ids import SiteId, StationId, TenantId

RULES_MAX = 500  # each is looked at with every token; a network has a few dozen
GROUPS_MAX = 500
LISTS_MAX = 200
LABEL_MAX = 200


@dataclass(frozen=True, slots=True)
class TokenGroup:
    """A group of which more is known than its name."""

    id: str
    label: str = ""
    is_master: bool = False  # its tokens stop any transaction, and start none. C16


@dataclass(frozen=True, slots=True)
class ListDefinition:
    """Which tokens shall be on the local lists of which stations. Each None: all."""

    id: str
    label: str = ""
    group: str | None = None
    kind: TokenKind | None = None
    site: SiteId | None = None
    station: StationId | None = None
    is_on: bool = True

    def covers(self, station: StationId, site: SiteId | None) -> bool:
        if not self.is_on or self.station not in (None, station):
            return False
        return self.site is None or self.site == site

    def wants(self, token: Token, at: datetime) -> bool:
        if token.status is not TokenStatus.ACTIVE:
            return False
        if token.expires_at is not None and token.expires_at <= at:
            return False
        return self.is_about(token)

    def is_about(self, token: Token) -> bool:
        """Whether it wants the token, or would if that were in force."""
        if self.kind not in (None, token.kind):
            return False
        return self.group is None or (token.group is not None and same(self.group, token.group))


@dataclass(frozen=True, slots=True)
class AccessBook:
    """`open_kinds`: tokens of these kinds may charge though nobody has registered them. C06"""

    tenant: TenantId
    rules: tuple[AccessRule, ...] = ()
    groups: tuple[TokenGroup, ...] = ()
    lists: tuple[ListDefinition, ...] = ()
    open_kinds: frozenset[TokenKind] = field(default_factory=frozenset)

    def is_master(self, group: str | None) -> bool:
        return group is not None and any(
            known.is_master and same(known.id, group) for known in self.groups
        )

    def all_groups(self, used: Iterable[str]) -> list[TokenGroup]:
        """Those that tokens are in, and those of which more is known; by name."""
        known = {group.id: group for group in self.groups}
        names = sorted({*used, *known}, key=str.casefold)
        return [known.get(name, TokenGroup(name)) for name in names]

    def accepts_unknown(self, kind: TokenKind | None) -> bool:
        return kind in NOBODYS or kind in self.open_kinds

    def lists_for(self, station: StationId, site: SiteId | None) -> tuple[ListDefinition, ...]:
        return tuple(each for each in self.lists if each.covers(station, site))


def checked_rule(rule: AccessRule) -> AccessRule:
    """
    Raises:
        InvalidError: it says nothing, or what cannot be.
    """
    whom, where, when = rule.whom, rule.where, rule.when
    if whom.uid is not None and whom.group is not None:
        raise InvalidError("a rule names one token or one group, not both")
    if rule.effect is Effect.KEEP and (whom.is_everybody or where.is_everywhere):
        raise InvalidError("to keep a place for somebody, say which place and for whom")
    if whom.is_everybody and rule.concurrent_max is not None:
        raise InvalidError("a number of transactions at once is that of a token or of a group")
    if where.evse is not None and where.station is None:
        raise InvalidError("an EVSE is one of a station: name the station too")
    if any(day not in range(7) for day in when.weekdays):
        raise InvalidError("weekdays are numbers from 0, a Monday, to 6")
    if rule.concurrent_max is not None and rule.concurrent_max < 1:
        raise InvalidError("a number of transactions at once begins with 1")
    _check_zone(when.zone)
    _check_label(rule.label)
    return rule


def checked_group(group: TokenGroup) -> TokenGroup:
    if not group.id.strip() or len(group.id) > LABEL_MAX:
        raise InvalidError(f"a group's name has 1 to {LABEL_MAX} characters")
    _check_label(group.label)
    return group


def checked_list(definition: ListDefinition) -> ListDefinition:
    _check_label(definition.label)
    if definition.kind is TokenKind.NO_AUTHORIZATION:
        raise InvalidError("a start button is no token that a list could have")
    return definition


def _check_zone(zone: str) -> None:
    try:
        ZoneInfo(zone)
    except (ValueError, OSError, LookupError) as error:
        raise InvalidError(
            f"there is no time zone {zone[:60]!r}; write e.g. Europe/Rome"
        ) from error


def _check_label(label: str) -> None:
    if len(label) > LABEL_MAX:
        raise InvalidError(f"a label has at most {LABEL_MAX} characters")
