"""A network to look at: rich, and with the worst strings a station could send.

Everything follows from one instant, so that two runs give the same pages.
"""

import random
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property

from ricarica.authorization.model import TokenStatus
from ricarica.kernel.ids import DEFAULT_TENANT, StationId, StationKey, TariffId, TransactionId
from ricarica.kernel.money import Money
from ricarica.stations.model import Acceptance
from ricarica.tariffs.model import Prices, Usage, cost_of
from ricarica.transactions.model import ChargingState, Entry, EntryKind, Flag
from ricarica.web.views import commands, messages, overview, stations, tariffs, tokens, transactions
from ricarica.web.views.charts import Chart, Curve, Measure
from ricarica.web.views.lists import Choice, Pager
from ricarica.web.views.pending import PendingStation
from ricarica.web.views.status import Status
from tools.preview_texts import FRAMES, HOSTILE, SETTINGS

LONG = "Ladesäule an der Autobahnraststätte Bolzano-Südtirol-Unterland, hinten links beim Müll"
PLACES = (
    ("Modena, Via Emilia", 44.647, 10.925),
    ("Bologna Fiera", 44.514, 11.366),
    ("Milano Lambrate", 45.485, 9.236),
    ("Torino Lingotto", 45.031, 7.666),
    ("Verona Porta Nuova", 45.429, 10.983),
    ("Trento Nord", 46.095, 11.112),
    ("Firenze Rifredi", 43.797, 11.238),
    ("Bari Porto", 41.134, 16.865),
)
MODELS = (
    ("Alfen", "ICU Eve Mini", "4.20.0-3398"),
    ("ABB", "Terra 54", "1.8.32"),
    ("Enel X Way", "JuicePump 75", "r7.2.1"),
    ("Schneider Electric", "EVlink Pro DC", "3.11.4"),
    ("Kempower", "Satellite S2", "2.9.1"),
)
PRICES = Prices(
    "EUR", Decimal("0.459016"), vat_percent=Decimal(22), per_idle_minute=Decimal("0.15")
)
BUSY = (Status.CHARGING, Status.SUSPENDED_EV, Status.SUSPENDED_EVSE)
STATUSES = (
    *[Status.AVAILABLE] * 9,
    *[Status.CHARGING] * 8,
    Status.PREPARING,
    Status.SUSPENDED_EV,
    Status.FINISHING,
    Status.RESERVED,
    Status.UNAVAILABLE,
    Status.OCCUPIED,
)


class Network:
    def __init__(self, now: datetime) -> None:
        self.now = now
        self.dice = random.Random(7)
        self.stations = [self._station(index) for index in range(48)]
        self.stations[0] = replace(self.stations[0], id=StationId("IT*RIC*E0001"), name="Demo")
        self.stations[5] = self._hostile(self.stations[5])
        self.running = [
            self._running(station, dot)
            for station in self.stations
            for dot in station.evses
            if dot.status in BUSY
        ]
        self.ended = [self._ended(index) for index in range(40)]

    def ago(self, **units: float) -> datetime:
        return self.now - timedelta(**units)

    # -- stations

    def _station(self, index: int) -> stations.StationRow:
        vendor, model, firmware = MODELS[index % 5]
        online = index not in {3, 17, 31}
        evses = tuple(
            stations.EvseDot(number + 1, self._status(index, online))
            for number in range(1 + index % 4)
        )
        charging = sum(dot.status is Status.CHARGING for dot in evses)
        return stations.StationRow(
            StationId(f"CP-{1000 + index * 7}"),
            online,
            evses,
            name="" if index % 3 else f"{PLACES[index % 8][0]} {index // 8 + 1}",
            site=PLACES[index % 8][0],
            dialect=("1.6", "2.0.1", "2.1")[index % 3],
            vendor=vendor,
            model=model,
            firmware=firmware,
            power_w=Decimal(charging * self.dice.randint(7_000, 74_000)) if online else None,
            last_seen_at=self.ago(seconds=self.dice.randint(1, 50))
            if online
            else self.ago(hours=index),
        )

    def _status(self, index: int, online: bool) -> Status:
        if not online:
            return Status.OFFLINE
        return Status.FAULTED if index == 12 else self.dice.choice(STATUSES)

    def _hostile(self, row: stations.StationRow) -> stations.StationRow:
        return replace(
            row,
            id=StationId(f"CP-{HOSTILE}"),
            name=LONG,
            vendor='"><script>alert(2)</script>',
            model="X" * 60,
            firmware="{{ 7 * 7 }} '; DROP TABLE",
            acceptance=Acceptance.PENDING,
        )

    def head(self, row: stations.StationRow) -> stations.StationHead:
        return stations.StationHead(
            row.id,
            row.is_connected,
            row.name,
            row.site,
            row.dialect,
            row.acceptance,
            connection_changed_at=self.ago(hours=31, minutes=12),
            last_seen_at=row.last_seen_at,
            booted_at=self.ago(hours=31, minutes=12),
            boot_reason="PowerUp",
        )

    def facts(self, row: stations.StationRow) -> stations.StationFacts:
        return stations.StationFacts(
            row.vendor,
            row.model,
            "ACE0123456-0O1Il",
            row.firmware,
            "10.20.30.41",
            is_secure=False,
            security_profile=1,
            iccid="8939000000123456789",
            registered_at=self.ago(days=410),
            tariff="Città AC",
        )

    def evses(self, row: stations.StationRow) -> stations.StationEvses:
        found = {(one.station, one.evse): one for one in self.running}
        return stations.StationEvses(
            row.id,
            tuple(self._evse(dot, found.get((row.id, dot.number))) for dot in row.evses),
            can_start=row.is_connected,
            can_stop=row.is_connected,
        )

    def _evse(
        self, dot: stations.EvseDot, running: transactions.TransactionRow | None
    ) -> stations.EvseLive:
        faulted = dot.status is Status.FAULTED
        connector = stations.ConnectorLive(
            1,
            dot.status,
            "Type 2",
            self.ago(minutes=12 * dot.number),
            error="GroundFailure" if faulted else None,
            detail=f"leak 41 mA {HOSTILE}" if faulted else None,
        )
        second = (replace(connector, number=2, kind="CCS"),) if dot.number == 2 else ()
        power = running.power_w if running and running.power_w else Decimal(0)
        recent = tuple(power * Decimal(minute) / 24 for minute in (2, 9, 18, 22, 24, 24, 23, 24))
        return stations.EvseLive(
            dot.number,
            dot.status,
            (connector, *second),
            running,
            Decimal(22_000),
            recent if running else (),
        )

    def commands(self, row: stations.StationRow, may_act: bool = True) -> commands.Commands:
        offered = tuple(commands.Command)
        targets = commands.Targets(
            evses=tuple(dot.number for dot in row.evses),
            connectors=(1, 2),
            transactions=tuple(
                Choice(one.id, f"EVSE {one.evse} · {one.token}")
                for one in self.running
                if one.station == row.id
            ),
            tokens=("04A2B3C4D5E680", "DEADBEEF"),
            reset_modes=frozenset({"soft", "hard", "idle"}),
        )
        forms = commands.command_forms(offered, targets)
        return commands.Commands(row.id, forms, row.is_connected, may_act, row.dialect)

    # -- transactions

    def _running(
        self, station: stations.StationRow, dot: stations.EvseDot
    ) -> transactions.TransactionRow:
        minutes = self.dice.randint(2, 180)
        power_w = Decimal(self.dice.randint(3_700, 88_000)) if dot.status is Status.CHARGING else 0
        energy_wh = Decimal(self.dice.randint(300, 900)) * minutes
        return transactions.TransactionRow(
            self._id(),
            station.id,
            dot.number,
            dot.status,
            self._token(),
            self.ago(minutes=minutes),
            None,
            energy_wh,
            Decimal(power_w),
            Decimal(self.dice.randint(12, 97)) if self.dice.random() > 0.4 else None,
            self._cost(energy_wh, minutes),
            station.site,
        )

    def _ended(self, index: int) -> transactions.TransactionRow:
        station = self.dice.choice(self.stations)
        minutes = self.dice.randint(5, 400)
        started_at = self.ago(hours=3 + index * 1.7, minutes=minutes)
        energy_wh = Decimal(self.dice.randint(900, 64_000))
        return transactions.TransactionRow(
            self._id(),
            station.id,
            1 + index % 2,
            Status.UNKNOWN,
            self._token(),
            started_at,
            started_at + timedelta(minutes=minutes),
            energy_wh,
            cost=self._cost(energy_wh, minutes),
            site=station.site,
            stop_reason=("Local", "EVDisconnected", "Remote", f"Other {HOSTILE}")[index % 4],
            flags=(Flag.GAP, Flag.ORPHAN) if index == 4 else (),
        )

    def _id(self) -> TransactionId:
        return TransactionId(f"0193{self.dice.getrandbits(112):028x}"[:32])

    def _token(self) -> str:
        return f"{self.dice.getrandbits(56):014X}"

    def _cost(self, energy_wh: Decimal, minutes: int) -> Money:
        cost = cost_of(PRICES, Usage(energy_wh, timedelta(minutes=minutes)))
        return Money(cost.incl, cost.currency)

    def live(self, row: transactions.TransactionRow) -> transactions.TransactionLive:
        duration = row.lasted(self.now) or timedelta()
        usage = Usage(row.energy_wh or Decimal(0), duration, parked=timedelta(minutes=7))
        bill = transactions.Bill(
            cost_of(PRICES, usage), PRICES.vat_percent, "Città AC", not row.is_running
        )
        return transactions.TransactionLive(
            row,
            self._charge_curve(row, duration),
            bill,
            self._timeline(row),
            duration,
            average_w=Decimal(31_400),
            register_start_wh=Decimal(9_213_400),
            register_end_wh=Decimal(9_213_400) + (row.energy_wh or 0),
        )

    def _charge_curve(self, row: transactions.TransactionRow, duration: timedelta) -> Chart:
        begin = row.started_at or self.now
        times = [begin + duration * step / 120 for step in range(121)]
        rising = [min(step / 12, 1) for step in range(121)]
        power = [
            Decimal(round(51_000 * up * (1 - max(0, (i - 70) / 70)))) for i, up in enumerate(rising)
        ]
        energy = [sum(power[: i + 1], Decimal(0)) / 120 for i in range(121)]
        soc = [Decimal(round(23 + 62 * i / 120)) for i in range(121)]
        curves = (
            Curve(Measure.POWER, tuple(power)),
            Curve(Measure.ENERGY, tuple(energy)),
            Curve(Measure.STATE_OF_CHARGE, tuple(soc)),
        )
        return Chart(tuple(times), curves)

    def _timeline(self, row: transactions.TransactionRow) -> tuple[Entry, ...]:
        key = StationKey(DEFAULT_TENANT, row.station)
        begin = row.started_at or self.now
        states = (
            (0, EntryKind.STARTED, "CablePluggedIn", ChargingState.EV_CONNECTED, None),
            (1, EntryKind.PROGRESSED, "Authorized", None, None),
            (2, EntryKind.PROGRESSED, "ChargingStateChanged", ChargingState.CHARGING, None),
            (31, EntryKind.PROGRESSED, "ChargingStateChanged", ChargingState.SUSPENDED_EV, None),
            (38, EntryKind.PROGRESSED, "ChargingStateChanged", ChargingState.CHARGING, None),
            (40, EntryKind.NOTE, None, None, f"driver asked: {HOSTILE}"),
        )
        return tuple(
            Entry(
                key,
                "tx-1",
                kind,
                begin + timedelta(minutes=at),
                begin + timedelta(minutes=at + (9 if index == 4 else 0), seconds=1),
                index,
                trigger,
                state,
                offline=index == 4,
                detail=detail,
            )
            for index, (at, kind, trigger, state, detail) in enumerate(states)
        )

    # -- the overview

    @cached_property
    def dots(self) -> list[tuple[stations.StationRow, stations.EvseDot]]:
        return [(row, dot) for row in self.stations for dot in row.evses]

    def figures(self) -> overview.Figures:
        return overview.Figures(
            power_w=sum((row.power_w or Decimal(0) for row in self.running), Decimal(0)),
            capacity_w=Decimal(3_480_000),
            energy_today_wh=Decimal(9_412_300),
            revenue_today=(Money(Decimal("3841.27"), "EUR"),),
            transactions_today=212,
            stations_online=sum(row.is_connected for row in self.stations),
            stations=len(self.stations),
            counts=Counter(dot.status for _, dot in self.dots),
        )

    def power(self) -> overview.PowerHistory:
        times = tuple(self.ago(minutes=5 * step) for step in range(144, -1, -1))
        values = [Decimal(400_000)]
        for _ in times[1:]:
            step_w = Decimal(self.dice.randint(-42_000, 47_000))
            values.append(max(Decimal(60_000), values[-1] + step_w))
        peak = max(range(len(values)), key=values.__getitem__)
        chart = Chart(times, (Curve(Measure.POWER, tuple(values)),))
        return overview.PowerHistory(chart, values[peak], times[peak])

    def network(self) -> overview.Network:
        sites = []
        markers = []
        for name, latitude, longitude in PLACES:
            dots = [(row, dot) for row, dot in self.dots if row.site == name]
            shown = tuple(overview.Dot(row.id, dot.number, dot.status) for row, dot in dots)
            sites.append(overview.SiteStrip(name, shown))
            charging = sum(dot.status is Status.CHARGING for _, dot in dots)
            worst = next((d.status for _, d in dots if d.status is Status.FAULTED), Status.CHARGING)
            url = f"/stations?site={name}"
            markers.append(
                overview.Marker(name, url, latitude, longitude, worst, len(dots), charging)
            )
        return overview.Network(tuple(sites), tuple(markers))

    def attention(self) -> overview.Attention:
        concern = overview.Concern
        item = overview.AttentionItem
        return overview.Attention(
            (
                item(
                    concern.FAULT,
                    "CP-1084 · 1",
                    "/stations/CP-1084",
                    self.ago(minutes=12),
                    f"GroundFailure {HOSTILE}",
                ),
                item(concern.OFFLINE, "CP-1021", "/stations/CP-1021", self.ago(hours=3)),
                item(
                    concern.PENDING,
                    "NEW-0O1Il",
                    "/pending",
                    self.ago(minutes=2),
                    "Alfen ICU Eve Mini",
                ),
                item(
                    concern.UNKNOWN_OUTCOME,
                    "CP-1119",
                    "/stations/CP-1119",
                    self.ago(hours=1),
                    "Reset",
                ),
                item(
                    concern.FLAGGED,
                    "CP-1070 · 2",
                    "/transactions/x",
                    self.ago(hours=7),
                    "seqNo 12–14",
                ),
                item(concern.OFFLINE, "CP-1217", "/stations/CP-1217", self.ago(days=2)),
            ),
            more=3,
        )

    # -- messages, settings, the small lists

    def log(self, row: stations.StationRow, count: int = 12) -> messages.MessageLog:
        return messages.MessageLog(
            row.id,
            tuple(self._message(index) for index in range(count)),
            Pager(next_url="?before=12"),
        )

    def _message(self, index: int) -> messages.Message:
        kind, direction, action, payload, problem = FRAMES[index % len(FRAMES)]
        return messages.Message(
            str(900 - index),
            self.ago(seconds=4 + 11 * index),
            direction,
            kind,
            action,
            f"{3000 + index}",
            payload,
            14 if kind is messages.MessageKind.RESULT else None,
            problem,
        )

    def settings(self, row: stations.StationRow) -> tuple[stations.SettingGroup, ...]:
        return tuple(
            stations.SettingGroup(
                group,
                tuple(
                    stations.Setting(
                        row.id,
                        f"{group}/{name}",
                        name,
                        value,
                        unit,
                        read_only,
                        restart,
                        choices,
                        limits,
                        True,
                    )
                    for name, value, unit, read_only, restart, choices, limits in entries
                ),
            )
            for group, entries in SETTINGS.items()
        )

    def tokens(self) -> tuple[tokens.TokenRow, ...]:
        rows = [
            tokens.TokenRow(
                self._token(),
                ("ISO14443", "eMAID", "Central", "Local")[i % 4],
                TokenStatus.ACTIVE,
                ("Anna Rossi", "Flotta 12", "", LONG)[i % 4],
                ("Flotta Nord", None)[i % 2],
                last_used_at=self.ago(hours=i * 5 + 1),
                last_used_station=self.stations[i].id,
            )
            for i in range(14)
        ]
        rows[2] = replace(rows[2], status=TokenStatus.BLOCKED, label=HOSTILE)
        rows[3] = replace(rows[3], is_expired=True, expires_at=self.ago(days=20))
        return tuple(rows)

    def tariffs(self) -> tuple[tariffs.TariffRow, ...]:
        return (
            tariffs.TariffRow(TariffId("t1"), "Città AC", PRICES, True, 31, self.ago(days=40)),
            tariffs.TariffRow(
                TariffId("t2"),
                "Autostrada DC",
                Prices(
                    "EUR",
                    Decimal("0.65"),
                    Decimal("0.05"),
                    Decimal("0.30"),
                    Decimal(1),
                    Decimal(22),
                ),
                False,
                12,
                self.ago(days=3),
            ),
            tariffs.TariffRow(
                TariffId("t3"), HOSTILE, Prices("CHF", Decimal("0.4")), False, 0, self.now
            ),
        )

    def pending(self) -> tuple[PendingStation, ...]:
        seen = (self.ago(hours=2), self.ago(seconds=20))
        return (
            PendingStation(
                StationId("NEW-0O1Il"),
                True,
                *seen,
                "2.0.1",
                "Alfen",
                "ICU Eve Mini",
                "ACE0456",
                "6.1",
                "203.0.113.9",
            ),
            PendingStation(
                StationId(f"X{HOSTILE}"), False, *seen, "1.6", LONG, HOSTILE, remote="198.51.100.77"
            ),
        )
