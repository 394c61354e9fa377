"""Rules look at what happened, and people look at what the rules found."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from ricarica.alerts.defaults import default_rules
from ricarica.alerts.events import AlertChanged, AlertOpened
from ricarica.alerts.model import (
    EVERYWHERE,
    NOTE_LENGTH_MAX,
    NOWHERE,
    OFFLINE,
    Alert,
    AlertState,
    Happened,
    Rule,
    Span,
    after_one_more,
    check,
)
from ricarica.alerts.ports import AlertStore
from ricarica.configuration.templates import Applies
from ricarica.kernel.errors import InvalidError, NotFoundError
from ricarica.kernel.events import Announcer
from ricarica.kernel.ids import EventId, Ids, StationId, StationKey, TenantId
from ricarica.stations.model import Acceptance, Station
from ricarica.stations.service import StationService

ABSENT_AT_ONCE_MAX = 1_000  # stations; in the same commit stations are answered


class AlertService:
    def __init__(
        self, store: AlertStore, stations: StationService, announcer: Announcer, ids: Ids
    ) -> None:
        self._store = store
        self._stations = stations
        self._announce = announcer.announce
        self._ids = ids

    # -- rules

    async def rules(self, tenant: TenantId) -> list[Rule]:
        """Ours, unless somebody changed them, and then theirs."""
        changed = {rule.id: rule for rule in await self._store.rules(tenant)}
        ours = {rule.id: rule for rule in default_rules(tenant)}
        return list({**ours, **changed}.values())

    async def rule(self, tenant: TenantId, rule: str) -> Rule:
        found = next((each for each in await self.rules(tenant) if each.id == rule), None)
        if found is None:
            raise NotFoundError(f"there is no rule {rule}")
        return found

    async def save_rule(self, rule: Rule) -> None:
        check(rule)
        await self._store.rule(rule.tenant, rule.id)
        self._store.save_rule(replace(rule, is_default=False))

    async def remove_rule(self, tenant: TenantId, rule: str) -> None:
        """One of ours is as it was at first; to be rid of it, switch it off."""
        await self.rule(tenant, rule)
        known = await self._store.rule(tenant, rule)
        if known is None:
            raise InvalidError("this rule comes with Ricarica; switch it off instead")
        self._store.remove_rule(known)

    # -- what happened

    async def seen(self, tenant: TenantId) -> EventId | None:
        return await self._store.seen(tenant)

    async def kinds(self, tenant: TenantId) -> frozenset[str]:
        """Of the events that rules ask about."""
        return frozenset(rule.kind for rule in await self.rules(tenant) if rule.is_active)

    async def look_at(self, tenant: TenantId, happened: Iterable[Happened], last: EventId) -> None:
        """Hold what happened against the rules; each event is looked at once."""
        by_kind: dict[str, list[Rule]] = {}
        for rule in await self.rules(tenant):
            if rule.is_active:
                by_kind.setdefault(rule.kind, []).append(rule)
        found: dict[tuple[str, str, str], Alert] = {}
        for each in happened:
            is_found = False
            for rule in by_kind.get(each.kind, ()):
                if rule.is_default and is_found:
                    continue  # of our own rules, the first that fits is enough
                has_matched = await self._hold_against(rule, each, found)
                is_found = is_found or (rule.is_default and has_matched)
        await self._store.mark_seen(tenant, last)

    async def _hold_against(
        self, rule: Rule, happened: Happened, found: dict[tuple[str, str, str], Alert]
    ) -> bool:
        """Whether it fits."""
        station = happened.station or NOWHERE
        place = (station, rule.id, happened.subject)
        if happened.is_over:
            known = found.get(place) or await self._store.latest(rule.tenant, *place)
            if known is not None and known.is_current:
                found[place] = self._resolved(known, None, happened.at)
            return False
        if not rule.matches.event(happened.body) or not await self._applies(rule, station):
            return False
        known = found.get(place) or await self._store.latest(rule.tenant, *place)
        found[place] = self._once_more(rule, happened, known)
        return True

    def _once_more(self, rule: Rule, happened: Happened, known: Alert | None) -> Alert:
        changed = after_one_more(known, rule, happened) if known else None
        alert = changed or self._new(rule, happened)
        was_current = known is not None and changed is not None and known.is_current
        self._store.save(alert)
        if alert.is_current and not was_current:
            self._announce(_opened(alert))
        return alert

    def _new(self, rule: Rule, happened: Happened) -> Alert:
        severity = happened.body.get("severity")
        is_enough = rule.threshold <= 1
        return Alert(
            rule.tenant,
            happened.station or NOWHERE,
            self._ids.event(),
            rule.id,
            happened.subject,
            rule.name,
            rule.level,
            AlertState.OPEN if is_enough else AlertState.COUNTING,
            happened.text,
            happened.at,
            happened.at,
            severity=severity if isinstance(severity, int) else None,
            event=happened.id,
        )

    async def _applies(self, rule: Rule, station: StationId) -> bool:
        if station == NOWHERE:
            return rule.applies == Applies()
        try:
            known = await self._stations.get(StationKey(rule.tenant, station))
        except NotFoundError:
            return False  # it was removed meanwhile
        return rule.applies.to(known)

    async def look_for_absent(
        self,
        tenant: TenantId,
        absent: Mapping[StationId, Station],
        now: datetime,
        span: Span = EVERYWHERE,
    ) -> bool:
        """Hold the stations that are away against the rules; those that are back are resolved.

        Args:
            absent: Those of the span that are away, `ABSENT_AT_ONCE_MAX` at most.

        Returns:
            Whether that was all: if so many came back at once, there is more to resolve.
        """
        rules = [each for each in await self.rules(tenant) if each.kind == OFFLINE]
        done = [await self._look(rule, absent, now, span) for rule in rules if rule.is_active]
        return all(done)

    async def _look(
        self, rule: Rule, absent: Mapping[StationId, Station], now: datetime, span: Span
    ) -> bool:
        most = 2 * ABSENT_AT_ONCE_MAX  # half of them at least are back, and leave the others room
        found = await self._store.current(rule.tenant, rule.id, span, most)
        for alert in found:
            if alert.station not in absent:
                self._resolved(alert, None, now)
        if len(found) == most:
            return False
        missed = {
            name: station.connection_changed_at
            for name, station in absent.items()
            if station.connection_changed_at is not None
            and now - station.connection_changed_at >= rule.lasting
            and station.acceptance is Acceptance.ACCEPTED
            and rule.applies.to(station)
        }
        for alert in found:
            missed.pop(alert.station, None)
        # Of those that began then somebody resolved one, though the station is still away.
        known = await self._store.begun(rule.tenant, rule.id, missed)
        for name in missed.keys() - known:
            away = Happened(self._ids.event(), OFFLINE, missed[name], name, {})
            self._once_more(replace(rule, threshold=1), away, None)
        return True

    # -- what people do

    async def acknowledge(
        self, tenant: TenantId, alert: EventId, by: str, note: str, now: datetime
    ) -> Alert:
        known = await self._known(tenant, alert, note)
        if not known.is_current:
            raise InvalidError("it has passed already")
        changed = replace(
            known,
            state=AlertState.ACKNOWLEDGED,
            by=by,
            changed_at=now,
            note=note or known.note,
        )
        self._store.save(changed)
        self._announce(AlertChanged(_station_of(known), known.id, changed.state, by))
        return changed

    async def resolve(
        self, tenant: TenantId, alert: EventId, by: str, note: str, now: datetime
    ) -> Alert:
        known = await self._known(tenant, alert, note)
        if not known.is_current:
            return known
        return self._resolved(replace(known, note=note or known.note), by, now)

    async def _known(self, tenant: TenantId, alert: EventId, note: str) -> Alert:
        if len(note) > NOTE_LENGTH_MAX:
            raise InvalidError(f"a note has at most {NOTE_LENGTH_MAX} characters")
        known = await self._store.get(tenant, alert)
        if known is None:
            raise NotFoundError(f"there is no alert {alert}")
        return known

    def _resolved(self, alert: Alert, by: str | None, at: datetime) -> Alert:
        resolved = replace(alert, state=AlertState.RESOLVED, by=by, changed_at=at)
        self._store.save(resolved)
        self._announce(AlertChanged(_station_of(alert), alert.id, AlertState.RESOLVED, by))
        return resolved


def _station_of(alert: Alert) -> StationKey | None:
    return StationKey(alert.tenant, alert.station) if alert.station else None


def _opened(alert: Alert) -> AlertOpened:
    return AlertOpened(_station_of(alert), alert.id, alert.name, alert.level, alert.text)
