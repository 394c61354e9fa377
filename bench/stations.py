"""What many stations cost, and how that grows with their number.

    python -m bench.stations --stations 10000
    python -m bench.stations --stations 5000 --tls
    python -m bench.stations --stations 100000 --nodes 6      as many files as one process may open

For 1,000, 10,000, 30,000 and 100,000 stations, as far as asked for, one after the other in one
installation: they come, then they are silent (pings alone), then they speak at a rate that is
the same for each number, so that what a message costs can be compared. One in ten charges.
"""

import argparse
import os
import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass

from bench.crew import Crew, Plan, Report, crew
from bench.figures import per_thousand, percentile
from bench.nodes import Installation, Setting, installation, require_room
from bench.processes import end_in_order

LADDER = (1_000, 10_000, 30_000, 100_000)
WARM = 100  # stations, which bring in what is allocated once, whatever their number
COLUMNS = (
    "stations",
    "opened/s",
    "CPU-s/1,000 opened",
    "RSS MiB",
    "RSS KiB each",
    "PSS KiB each",
    "silent: CPU-s/1,000 stations·h",
    "messages/s",
    "server CPU-s/1,000",
    "database CPU-s/1,000",
    "clients CPU-s/1,000",
    "p50 ms",
    "p99 ms",
)


@dataclass(frozen=True, slots=True)
class Step:
    """What was measured with so many stations connected."""

    stations: int
    opened_per_s: float
    opening_cpu_s: float  # for each 1,000, server and database
    rss_mib: float
    rss_kib: float  # each
    pss_kib: float
    silent_cpu_s: float  # of 1,000 stations in an hour
    per_s: float
    server_cpu_s: float  # for each 1,000 messages, without what silence costs
    database_cpu_s: float
    clients_cpu_s: float
    p50_ms: float
    p99_ms: float

    def row(self) -> str:
        cells = (
            f"{self.stations:,}",
            f"{self.opened_per_s:.0f}",
            f"{self.opening_cpu_s:.2f}",
            f"{self.rss_mib:.0f}",
            f"{self.rss_kib:.1f}",
            f"{self.pss_kib:.1f}",
            f"{self.silent_cpu_s:.1f}",
            f"{self.per_s:.0f}",
            f"{self.server_cpu_s:.3f}",
            f"{self.database_cpu_s:.3f}",
            f"{self.clients_cpu_s:.3f}",
            f"{self.p50_ms:.1f}",
            f"{self.p99_ms:.1f}",
        )
        return f"| {' | '.join(cells)} |"


@dataclass(frozen=True, slots=True)
class Times:
    """CPU-seconds used until now, and when that was."""

    at: float
    server: float
    others: float
    clients: float

    def __sub__(self, earlier: "Times") -> "Times":
        return Times(
            self.at - earlier.at,
            self.server - earlier.server,
            self.others - earlier.others,
            self.clients - earlier.clients,
        )


@dataclass(frozen=True, slots=True)
class Load:
    rate: float = 200.0  # messages/s of all
    seconds: float = 30.0
    silent_s: float = 66.0  # in which each station is pinged about once
    at_once: int = 100  # stations in their handshake


def sizes_upto(stations: int) -> list[int]:
    return [*(size for size in LADDER if size < stations), stations]


def measure(setting: Setting, sizes: Sequence[int], load: Load) -> list[Step]:
    with installation(setting) as installed:
        plan = Plan(sizes[-1] + WARM, installed.addresses, trusted=installed.trusted)
        with crew(plan) as stations:
            checked(stations.open(WARM), WARM)
            stations.speak(load.rate, 3.0)
            base = installed.rss_kib(), installed.pss_kib()
            return [_step(size, installed, stations, load, base) for size in sizes]


def _step(
    size: int, installed: Installation, stations: Crew, load: Load, base: tuple[float, float]
) -> Step:
    begun, before = times_now(installed, stations), stations.present
    checked(stations.open(size + WARM, at_once=load.at_once), size + WARM)
    opened = stations.present - before
    opening = times_now(installed, stations) - begun
    silent = _silence(installed, stations, load.silent_s)
    begun = times_now(installed, stations)
    report = checked(stations.speak(load.rate, load.seconds), size + WARM)
    spoken = times_now(installed, stations) - begun
    number = len(report.calls_ms)
    rss_kib, pss_kib = installed.rss_kib(), installed.pss_kib()
    return Step(
        stations=size,
        opened_per_s=opened / opening.at,
        opening_cpu_s=per_thousand(opening.server + opening.others, opened),
        rss_mib=rss_kib / 1024,
        rss_kib=(rss_kib - base[0]) / size,
        pss_kib=(pss_kib - base[1]) / size,
        silent_cpu_s=per_thousand(silent.server / silent.at * 3600, size),
        per_s=number / spoken.at,
        server_cpu_s=per_thousand(_without(spoken.server, silent.server, spoken, silent), number),
        database_cpu_s=per_thousand(_without(spoken.others, silent.others, spoken, silent), number),
        clients_cpu_s=per_thousand(spoken.clients, number),
        p50_ms=percentile(report.calls_ms, 0.50),
        p99_ms=percentile(report.calls_ms, 0.99),
    )


def _without(cost_s: float, silent_s: float, spoken: Times, silent: Times) -> float:
    """What messages cost, less what the same time would have cost without any."""
    return max(cost_s - silent_s * spoken.at / silent.at, 0.0)


def _silence(installed: Installation, stations: Crew, seconds: float) -> Times:
    begun = times_now(installed, stations)
    time.sleep(seconds)
    return times_now(installed, stations) - begun


def times_now(installed: Installation, stations: Crew) -> Times:
    return Times(time.monotonic(), installed.cpu_s(), installed.others_cpu_s(), stations.cpu_s())


def checked(report: Report, expected: int) -> Report:
    """Figures of a load that was not carried would tell nothing."""
    wrong = {name: number for name, number in report.outcomes.items() if name != "101"}
    if report.present < expected:
        raise RuntimeError(f"{report.present} of {expected} stations are connected: {wrong}")
    if any(name.endswith("refused") or name.startswith("lost") for name in wrong):
        raise RuntimeError(f"not all went well: {wrong}")
    return report


def machine() -> str:
    return (
        f"Python {platform.python_version()} on {os.cpu_count()} cores that stations, server and"
        f" database share; load average before: {os.getloadavg()[0]:.1f}"
    )


def main() -> None:
    end_in_order()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--stations", type=int, default=10_000)
    parser.add_argument("--only", action="store_true", help="this number, and none before it")
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--nodes", type=int, default=1, help="several share PostgreSQL and NATS")
    parser.add_argument("--rate", type=float, default=200.0, help="messages/s of all")
    parser.add_argument("--seconds", type=float, default=30.0, help="of messages")
    options = parser.parse_args()
    database = "postgres" if options.nodes > 1 else options.database
    setting = Setting(database, options.nodes, options.tls)
    require_room(setting, options.stations)
    sizes = [options.stations] if options.only else sizes_upto(options.stations)
    print(f"{setting.name}, {machine()}\n\n| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}")
    for step in measure(setting, sizes, Load(options.rate, options.seconds)):
        print(step.row(), flush=True)


if __name__ == "__main__":
    main()
