"""All figures in one table, with what they should be: on SQLite, on PostgreSQL, and on two nodes.

    python -m bench            about ten minutes
    python -m bench --quick    a look: SQLite alone, with fewer stations

Every line is measured on `ricarica serve` as it is installed, with stations in processes of
their own. CPU-seconds come from /proc, each process by itself: they tell what the server costs
even though the stations, the database and the server share the cores. Times do not.
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass

from bench.crew import Crew, Plan, Report, crew
from bench.figures import HEADER, Figure, per_thousand, percentile, row
from bench.nodes import Installation, Setting, installation
from bench.processes import end_in_order
from bench.stations import Times, checked, machine, times_now
from bench.storm import Storm, break_loose

AIM_CPU_S = {"sqlite": 0.12, "postgres": 0.15}  # for 1,000 durable messages, all together
AIM_IDLE_MS = 3.0
AIM_KIB, AIM_KIB_TLS = 20.0, 45.0
AIM_HANDSHAKE_S = 10.0
AIM_GROWTH = 1.25  # ten times the stations: measured twice, the same differs by a tenth or two
AIM_SPIKE = 1.3  # of the memory before the storm
IDLE_RATE = 20.0  # messages/s
STEADY_RATE = 200.0
BACKOFF = (5.0, 15.0)  # shorter than anybody would set it, so that the run ends


@dataclass(frozen=True, slots=True)
class Size:
    stations: int = 5_000
    first: int = 500  # of them, with which the growth begins
    tls_stations: int = 3_000
    steady_s: float = 12.0
    hasty_s: float = 15.0
    idle_s: float = 10.0


SETTINGS = (Setting("sqlite"), Setting("postgres"), Setting("postgres", nodes=2))
QUICK = Size(1_000, 200, 500, 5.0, 5.0, 5.0)


def figures(setting: Setting, size: Size) -> Iterator[Figure]:
    """What one installation shows, from its first stations to the storm."""
    with installation(setting) as installed:
        plan = Plan(size.stations, installed.addresses, backoff=BACKOFF)
        with crew(plan) as stations:
            checked(stations.open(size.first), size.first)
            few = _steady(installed, stations, size)
            base_kib = installed.rss_kib()
            begun = times_now(installed, stations)
            checked(stations.open(size.stations), size.stations)
            opening = times_now(installed, stations) - begun
            kib = (installed.rss_kib() - base_kib) / (size.stations - size.first)
            many = _steady(installed, stations, size)
            yield from _messages(setting, installed, stations, size)
            yield _figure(setting, "an idle station", kib, "KiB", AIM_KIB)
            opened = per_thousand(opening.server + opening.others, size.stations - size.first)
            yield _figure(setting, "1,000 stations come and boot", opened, "CPU-s")
            yield _figure(
                setting,
                f"a message with {size.stations:,} connected, of one with {size.first:,}",
                many / few,
                "",
                AIM_GROWTH,
            )
            yield from _storm(setting, break_loose(installed, stations))


def _messages(
    setting: Setting, installed: Installation, stations: Crew, size: Size
) -> Iterator[Figure]:
    begun = times_now(installed, stations)
    hasty = checked(stations.hasten(size.hasty_s), size.stations)
    spent = times_now(installed, stations) - begun
    cost = _cost(hasty, spent)
    charging = size.stations // stations.plan.charging_every
    yield _figure(
        setting,
        f"1,000 durable messages of {charging:,} that charge",
        cost,
        "CPU-s",
        AIM_CPU_S[setting.database],
    )
    yield _figure(setting, "… of which the server", _share(hasty, spent.server), "CPU-s")
    yield _figure(setting, "… a second", len(hasty.calls_ms) / spent.at, "")
    idle = checked(stations.speak(IDLE_RATE, size.idle_s), size.stations)
    p50, p99 = percentile(idle.calls_ms, 0.50), percentile(idle.calls_ms, 0.99)
    yield _figure(setting, f"an answer at {IDLE_RATE:.0f} messages/s, p50", p50, "ms", AIM_IDLE_MS)
    yield _figure(setting, "… p99", p99, "ms")


def _storm(setting: Setting, storm: Storm) -> Iterator[Figure]:
    name = f"storm of {storm.stations:,}"
    spike = storm.rss_peak_mib / storm.rss_before_mib
    missing = storm.stations - storm.present
    yield _figure(setting, f"{name}: handshake p99", storm.handshake_p99_s, "s", AIM_HANDSHAKE_S)
    yield _figure(setting, "… the last is booted, after the port is open", storm.booted_s, "s")
    yield _figure(setting, "… not back", missing, "", 0)
    yield _figure(setting, "… put off although they charge", storm.put_off, "", 0)
    yield _figure(setting, "… most memory, of that before", spike, "", AIM_SPIKE)
    yield _figure(setting, "… samples lost", storm.lost, "", 0)
    yield _figure(setting, "… samples double", storm.doubled, "", 0)


def _steady(installed: Installation, stations: Crew, size: Size) -> float:
    begun = times_now(installed, stations)
    report = stations.speak(STEADY_RATE, size.steady_s)
    return _cost(report, times_now(installed, stations) - begun)


def _cost(report: Report, spent: Times) -> float:
    return _share(report, spent.server + spent.others)


def _share(report: Report, cpu_s: float) -> float:
    return per_thousand(cpu_s, len(report.calls_ms))


def tls_figure(size: Size) -> Figure:
    setting = Setting(tls=True)
    with installation(setting) as installed:
        plan = Plan(size.tls_stations, installed.addresses, trusted=installed.trusted)
        with crew(plan) as stations:
            checked(stations.open(size.first), size.first)
            base_kib = installed.rss_kib()
            checked(stations.open(size.tls_stations), size.tls_stations)
            kib = (installed.rss_kib() - base_kib) / (size.tls_stations - size.first)
    return _figure(setting, "an idle station with TLS", kib, "KiB", AIM_KIB_TLS)


def _figure(
    setting: Setting, name: str, value: float, unit: str, aim: float | None = None
) -> Figure:
    return Figure(name, setting.name, value, unit, aim)


def main() -> None:
    end_in_order()
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    size = QUICK if options.quick else Size()
    begun = time.monotonic()
    print(f"{machine()}\n\n{HEADER}", flush=True)
    for setting in SETTINGS[:1] if options.quick else SETTINGS:
        for figure in figures(setting, size):
            print(row(figure), flush=True)
    print(row(tls_figure(size)))
    print(f"\nin {time.monotonic() - begun:.0f} s")


if __name__ == "__main__":
    main()
