"""The whole network as the first page shows it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from ricarica.alerts.model import Alert
from ricarica.kernel.ids import SiteId
from ricarica.stations.queries import SiteView
from ricarica.transactions.queries.listing import TransactionView
from ricarica.transactions.queries.live import Dot
from ricarica.transactions.queries.overview import Concern as Found
from ricarica.transactions.queries.overview import Figures as Counted
from ricarica.transactions.queries.overview import PowerPoint, Trouble
from ricarica.web.addresses import path_to, with_query
from ricarica.web.builders.statuses import status_from, what_matters
from ricarica.web.builders.transactions import row_from
from ricarica.web.views.charts import Chart, Curve, Measure
from ricarica.web.views.overview import (
    Attention,
    AttentionItem,
    Concern,
    Figures,
    Marker,
    Network,
    PowerHistory,
    Running,
    SiteStrip,
)
from ricarica.web.views.overview import Dot as ShownDot
from ricarica.web.views.status import Status

CONCERNS_MAX = 12  # more than a person takes up at once
CONCERN: Mapping[Trouble, Concern] = {
    Trouble.FAULT: Concern.FAULT,
    Trouble.OFFLINE: Concern.OFFLINE,
    Trouble.FLAGGED: Concern.FLAGGED,
    Trouble.PENDING: Concern.PENDING,
}


def figures_from(counted: Counted) -> Figures:
    counts = {Status(status.value): count for status, count in counted.evses.items()}
    return Figures(
        counted.power_w,
        None,
        counted.energy_today_wh,
        counted.revenue_today,
        counted.transactions_today,
        counted.stations.online,
        counted.stations.accepted,
        {**counts, Status.OFFLINE: counted.evses_offline},
    )


def power_from(points: Sequence[PowerPoint], until: datetime, step: timedelta) -> PowerHistory:
    """From the first measurement on; where nothing ran, nothing flowed."""
    if len(points) < 2:
        return PowerHistory(Chart())  # a point is no curve
    known = {point.at: point.power_w for point in points}
    count = (until - points[0].at) // step + 1
    times = tuple(points[0].at + number * step for number in range(count))
    values = tuple(known.get(at, Decimal(0)) for at in times)
    peak = max(points, key=lambda point: point.power_w)
    chart = Chart(times, (Curve(Measure.POWER, values),))
    return PowerHistory(chart, peak.power_w, peak.at)


def network_from(dots: Sequence[Dot], sites: Sequence[SiteView]) -> Network:
    by_site: dict[SiteId | None, list[ShownDot]] = {view.site.id: [] for view in sites}
    for dot in dots:
        place = dot.site if dot.site in by_site else None
        status = status_from(dot.status, is_connected=dot.connected)
        by_site.setdefault(place, []).append(ShownDot(dot.station, dot.number, status))
    names = {view.site.id: view.site.name for view in sites}
    strips = (
        SiteStrip(names[site] if site else None, tuple(shown))
        for site, shown in by_site.items()
        if shown
    )
    return Network(tuple(strips), tuple(_markers(sites, by_site)))


def _markers(
    sites: Sequence[SiteView], by_site: Mapping[SiteId | None, Sequence[ShownDot]]
) -> Iterable[Marker]:
    for view in sites:
        site, dots = view.site, by_site[view.site.id]
        if site.latitude is None or site.longitude is None:
            continue
        yield Marker(
            site.name,
            with_query("/stations", {"site": site.id}),
            site.latitude,
            site.longitude,
            what_matters(dot.status for dot in dots),
            len(dots),
            sum(dot.status is Status.CHARGING for dot in dots),
        )


def attention_from(found: Sequence[Found], alerts: Sequence[Alert] = ()) -> Attention:
    """Alerts first: a rule says that somebody has to look."""
    every = [*map(_alert, alerts), *map(_item, found)]
    return Attention(tuple(every[:CONCERNS_MAX]), max(0, len(every) - CONCERNS_MAX))


def _alert(alert: Alert) -> AttentionItem:
    url = path_to("stations", alert.station, "events") if alert.station else "/events"
    subject = alert.station or "–"
    return AttentionItem(Concern.ALERT, subject, url, alert.last_at, alert.text, alert.name)


def _item(found: Found) -> AttentionItem:
    subject = f"{found.station} · {found.evse}" if found.evse else found.station
    # Flags are ours and have names of their own; the rest is in the station's words.
    detail = None if found.trouble is Trouble.FLAGGED else found.detail
    return AttentionItem(CONCERN[found.trouble], subject, _url(found), found.since, detail)


def _url(found: Found) -> str:
    if found.trouble is Trouble.PENDING:
        return "/pending"
    if found.transaction is not None:
        return path_to("transactions", found.transaction)
    return path_to("stations", found.station)


def running_from(views: Sequence[TransactionView], total: int) -> Running:
    return Running(tuple(map(row_from, views)), total)


def midnight(now: datetime, zone: str) -> datetime:
    """When today began where the operator is."""
    local = now.astimezone(ZoneInfo(zone))
    return local.replace(hour=0, minute=0, second=0, microsecond=0)
