"""Monitors, streams and templates as pages show them, and forms as they are read."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from ricarica.configuration.names import NEUTRAL
from ricarica.configuration.queries import Drift
from ricarica.configuration.templates import (
    Applies,
    MonitorType,
    StreamRate,
    Template,
    WantedMonitor,
    check,
)
from ricarica.kernel.errors import InvalidError
from ricarica.kernel.ids import SiteId, StationId, TenantId
from ricarica.monitoring.model import ActiveMonitors, Monitor, MonitorDrift, Sample, Stream
from ricarica.web.typed import Form, count_in, decimal_in, digits_in, is_grouped, names_in
from ricarica.web.views.device_model import (
    DifferenceRow,
    DriftRow,
    MonitorDriftRow,
    MonitorRow,
    StreamRow,
    TemplateForm,
    TemplateRow,
)

CURVE_MAX = 600  # values in a curve; more are closer together than a screen's points
RANK_MAX = 1_000_000
LEAST_SEVERE = 9
WRITABLE_NEUTRAL = tuple(name for name, setting in NEUTRAL.items() if not setting.is_fixed)


# -- monitors and streams


def monitor_row(monitor: Monitor) -> MonitorRow:
    return MonitorRow(
        monitor.number,
        monitor.name,
        monitor.type,
        monitor.value,
        monitor.severity,
        monitor.during_transaction,
        monitor.origin,
        rate_text(monitor.stream),
    )


def monitor_drift_row(drift: MonitorDrift) -> MonitorDriftRow:
    wanted = drift.wanted
    return MonitorDriftRow(
        wanted.name, wanted.type, wanted.value, wanted.severity, drift.standing, drift.why
    )


def rate_text(rate: StreamRate | None) -> str | None:
    if rate is None:
        return None
    interval = f"{rate.interval_s} s" if rate.interval_s else ""
    values = f"× {rate.values_max}" if rate.values_max else ""
    return " ".join(filter(None, (interval, values)))


def stream_row(stream: Stream, samples: Sequence[Sample], unit: str | None) -> StreamRow:
    return StreamRow(
        stream.number,
        stream.name,
        rate_text(stream.rate),
        stream.received,
        stream.pending,
        stream.last_at,
        stream.last_value,
        unit,
        series_from(stream.name, unit, samples),
    )


def series_from(name: str, unit: str | None, samples: Sequence[Sample]) -> str:
    """What the chart draws; empty where less than two values are numbers."""
    points = [(sample.at, decimal_in(sample.value)) for sample in samples[-CURVE_MAX:]]
    numbers = [(at, value) for at, value in points if value is not None]
    if len(numbers) < 2:
        return ""
    curve = {
        "measure": "power",
        "label": name,
        "unit": unit or "",
        "values": [float(value) for _, value in numbers],
    }
    times = [round(at.timestamp(), 3) for at, _ in numbers]
    return json.dumps({"times": times, "curves": [curve]}, separators=(",", ":"))


def monitor_from(form: Form) -> WantedMonitor:
    """
    Raises:
        InvalidError: a value makes no sense; the text says which.
    """
    if is_grouped(form, "value"):
        raise InvalidError("value: write thousands without a mark")
    return _monitor(
        form.get("name", "").strip(),
        form.get("type", ""),
        form.get("value", ""),
        form.get("severity", "") or "8",
        during_transaction=form.get("during_transaction") == "true",
        stream=_stream(form),
    )


def _stream(form: Form) -> StreamRate | None:
    interval, values = count_in(form, "interval_s"), count_in(form, "values_max")
    return StreamRate(interval, values) if interval or values else None


def _monitor(
    name: str,
    type_: str,
    value: str,
    severity: str,
    *,
    during_transaction: bool = False,
    stream: StreamRate | None = None,
) -> WantedMonitor:
    number, level = decimal_in(value), digits_in(severity)
    if type_ not in set(MonitorType):
        raise InvalidError(f"{type_[:30]!r} is no kind of monitor: {', '.join(MonitorType)}")
    if number is None or level is None or level > LEAST_SEVERE:
        raise InvalidError(f"{name}: a value, and a severity from 0 to 9")
    return WantedMonitor(name, MonitorType(type_), number, level, during_transaction, stream)


# -- templates


def template_row(template: Template) -> TemplateRow:
    return TemplateRow(
        template.id,
        template.name,
        applies_text(template.applies),
        len(template.settings),
        len(template.monitors),
        template.is_active,
        template.rank,
        template.changed_at,
    )


def applies_text(applies: Applies) -> str:
    """In a few words; empty for all stations."""
    words = (applies.vendor, applies.model, applies.firmware, applies.label, *applies.stations[:5])
    return " · ".join(filter(None, words))


def drift_row(drift: Drift) -> DriftRow:
    return DriftRow(
        drift.station.key.station,
        drift.station.connected,
        tuple(
            DifferenceRow(each.name, each.wanted, each.actual, each.standing, each.why)
            for each in drift.open
        ),
    )


def monitor_line(monitor: WantedMonitor) -> str:
    return f"{monitor.name} {monitor.type} {monitor.value} {monitor.severity}"


def template_form(template: Template) -> TemplateForm:
    applies, level = template.applies, template.monitoring_level
    return TemplateForm(
        template.id,
        is_new=False,
        name=template.name,
        vendor=applies.vendor,
        model=applies.model,
        firmware=applies.firmware,
        site=applies.site or "",
        label=applies.label,
        stations=" ".join(applies.stations),
        settings="\n".join(f"{name} = {value}" for name, value in template.settings.items()),
        monitors="\n".join(map(monitor_line, template.monitors)),
        base=template.monitoring_base or "",
        level="" if level is None else str(level),
        rank=str(template.rank),
        restarts=template.restarts,
        is_active=template.is_active,
    )


def typed_template_form(form: Form, id_: str, errors: Mapping[str, str]) -> TemplateForm:
    names = ("name", "vendor", "model", "firmware", "site", "label", "stations", "settings")
    more = ("monitors", "base", "level", "rank")
    typed: dict[str, Any] = {name: form.get(name, "") for name in (*names, *more)}
    return TemplateForm(
        id_,
        is_new=not id_,
        restarts=form.get("restarts") == "true",
        is_active=form.get("is_active") == "true",
        errors=errors,
        **typed,
    )


def template_from(form: Form, tenant: TenantId, id_: str, now: datetime) -> Template:
    """
    Raises:
        InvalidError: a value makes no sense; the text says which.
    """
    base, rank = form.get("base", ""), form.get("rank", "").strip()
    height = digits_in(rank.removeprefix("-") or "0")
    if height is None or height > RANK_MAX:
        raise InvalidError("rank is a whole number")
    if base and base not in set(ActiveMonitors):
        raise InvalidError("choose which monitors are at work")
    template = Template(
        tenant,
        id_,
        form.get("name", "").strip(),
        Applies(
            form.get("vendor", "").strip(),
            form.get("model", "").strip(),
            form.get("firmware", "").strip(),
            SiteId(form["site"]) if form.get("site") else None,
            tuple(map(StationId, names_in(form, "stations"))),
            form.get("label", "").strip(),
        ),
        dict(settings_in(form.get("settings", ""))),
        now,
        now,
        tuple(monitors_in(form.get("monitors", ""))),
        base or None,
        count_in(form, "level", least=0, most=9),
        form.get("restarts") == "true",
        form.get("is_active") == "true",
        -height if rank.startswith("-") else height,
    )
    check(template)
    return template


def settings_in(text: str) -> Iterable[tuple[str, str]]:
    for line in filter(None, map(str.strip, text.splitlines())):
        name, sign, value = line.partition("=")
        if not sign:
            raise InvalidError(f"{line[:60]!r}: write name = value")
        yield name.strip(), value.strip()


def monitors_in(text: str) -> Iterable[WantedMonitor]:
    for line in filter(None, map(str.strip, text.splitlines())):
        parts = line.split()
        if len(parts) not in (3, 4):
            raise InvalidError(f"{line[:60]!r}: write variable, type, value and severity")
        name, type_, value = parts[:3]
        yield _monitor(name, type_, value, parts[3] if len(parts) == 4 else "8")
