"""Stations as rows, and the head, the EVSEs and the facts of one."""

from collections.abc import Mapping
from decimal import Decimal

from ricarica.kernel.ids import SiteId, TransactionId
from ricarica.stations.model import ConnectorStatus
from ricarica.stations.queries import StationFilter as Which
from ricarica.stations.queries import StationView
from ricarica.transactions.queries.listing import TransactionView
from ricarica.transactions.queries.live import LiveConnector, LiveEvse, LiveStation
from ricarica.web.builders.statuses import status_from
from ricarica.web.builders.transactions import row_from as transaction_row
from ricarica.web.views.stations import (
    ConnectorLive,
    EvseDot,
    EvseLive,
    StationEvses,
    StationFacts,
    StationFilter,
    StationHead,
    StationRow,
)
from ricarica.web.views.status import Status

Powers = Mapping[TransactionId, tuple[Decimal, ...]]


def row_from(live: LiveStation) -> StationRow:
    station = live.view.station
    return StationRow(
        station.key.station,
        station.connected,
        tuple(
            EvseDot(evse.number, status_from(evse.status, is_connected=station.connected))
            for evse in live.evses
        ),
        name=station.name,
        site=live.view.site.name if live.view.site else None,
        dialect=station.dialect,
        vendor=station.vendor,
        model=station.model,
        firmware=station.firmware,
        power_w=live.power_w if station.connected else None,
        last_seen_at=station.last_seen_at,
        acceptance=station.acceptance,
    )


def head_from(view: StationView) -> StationHead:
    station = view.station
    return StationHead(
        station.key.station,
        station.connected,
        name=station.name,
        site=view.site.name if view.site else None,
        dialect=station.dialect,
        acceptance=station.acceptance,
        connection_changed_at=station.connection_changed_at,
        last_seen_at=station.last_seen_at,
        booted_at=station.booted_at,
        boot_reason=station.boot_reason,
    )


def evses_from(
    live: LiveStation, powers: Powers, *, can_start: bool, can_stop: bool
) -> StationEvses:
    return StationEvses(
        live.view.station.key.station,
        tuple(_evse(evse, live.view, powers) for evse in live.evses),
        can_start,
        can_stop,
    )


def _evse(evse: LiveEvse, view: StationView, powers: Powers) -> EvseLive:
    connected = view.station.connected
    running = evse.transaction
    site = view.site.name if view.site else None
    return EvseLive(
        evse.number,
        status_from(evse.status, is_connected=connected),
        tuple(_connector(live, is_connected=connected) for live in evse.connectors),
        transaction_row(TransactionView(running, site, connected)) if running else None,
        recent_w=powers.get(running.id, ()) if running else (),
    )


def _connector(live: LiveConnector, *, is_connected: bool) -> ConnectorLive:
    connector = live.connector
    return ConnectorLive(
        connector.number,
        status_from(live.status, is_connected=is_connected),
        since=connector.at,
        error=connector.error,
        detail=connector.detail,
    )


def facts_from(view: StationView, tariff: str | None) -> StationFacts:
    station = view.station
    return StationFacts(
        vendor=station.vendor,
        model=station.model,
        serial=station.serial,
        firmware=station.firmware,
        remote=station.remote,
        is_secure=station.secure,
        security_profile=station.security_profile,
        iccid=station.iccid,
        imsi=station.imsi,
        registered_at=station.registered_at,
        tariff=tariff,
        labels=station.labels,
    )


# -- what a list is filtered by


def filter_from(query: Mapping[str, str]) -> StationFilter:
    return StationFilter(
        **{name: query.get(name, "").strip() for name in ("q", "status", "dialect", "site")}
    )


def which_from(typed: StationFilter) -> Which:
    return Which(
        text=typed.q or None,
        site=SiteId(typed.site) if typed.site else None,
        connected=False if typed.status == Status.OFFLINE else None,
        dialect=typed.dialect or None,
    )


def status_wanted(typed: StationFilter) -> ConnectorStatus | None:
    """None: any, also for what no connector can be."""
    return ConnectorStatus(typed.status) if typed.status in set(ConnectorStatus) else None
