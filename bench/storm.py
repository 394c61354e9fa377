"""A reconnect storm: the server is killed with all connected, and all come back.

    python -m bench.storm --stations 10000
    python -m bench.storm --stations 5000 --tls
    python -m bench.storm --stations 100000 --nodes 6

The nodes are killed with SIGKILL and started again at once. Stations of 1.6 come back within
three seconds and then every five to fifteen; those of 2.x wait as OCPP has it. One in ten
charges, measures on while it is offline, and delivers that when it is back. At the end the
database is compared with what stations were told is kept.
"""

import argparse
import math
import time
from dataclasses import dataclass

from bench.crew import Crew, Plan, crew
from bench.figures import percentile
from bench.nodes import Installation, Setting, installation, require_room
from bench.processes import end_in_order
from bench.stations import checked, machine

DOWN_S = 1.0  # between the kill and the new start
SAMPLES_RATE = 50.0  # a second, of all that charge
SETTLED_S = 900.0  # by then everybody should be back


@dataclass(frozen=True, slots=True)
class Storm:
    stations: int
    down_s: float  # until the port was open again
    booted_s: float  # from then on, until the last was booted
    settled_s: float  # and until the last had delivered all
    handshake_p50_s: float  # of those that were let in: TCP, TLS, 101
    handshake_p99_s: float
    attempt_p99_s: float  # of all that knocked while somebody listened
    back_p50_s: float  # from the loss to the accepted boot
    back_p99_s: float
    present: int
    refused: int  # attempts while somebody listened
    put_off: int  # of those that charge
    cpu_s: float  # of the server, until all was settled; the database's too
    rss_before_mib: float
    rss_peak_mib: float
    rss_after_mib: float
    samples: int
    lost: int  # samples answered, and not kept, or never answered
    doubled: int
    outcomes: dict[str, int]
    put_off_by: dict[str, int]

    def lines(self) -> list[str]:
        outcomes = ", ".join(f"{name} {self.outcomes[name]:,}" for name in sorted(self.outcomes))
        put_off = "; ".join(f"{number} by {name}" for name, number in self.put_off_by.items())
        return [
            (
                f"- {self.stations:,} stations, all lost at once; the port was closed for"
                f" {self.down_s:.1f} s; {self.present:,} are back, the last {self.booted_s:.1f} s"
                f" after it opened; {self.settled_s:.1f} s after it all was delivered"
            ),
            (
                f"- handshake of those let in: p50 {self.handshake_p50_s * 1000:.0f} ms,"
                f" p99 {self.handshake_p99_s * 1000:.0f} ms; of all attempts: p99"
                f" {self.attempt_p99_s * 1000:.0f} ms"
            ),
            (
                f"- from the loss to the accepted boot: p50 {self.back_p50_s:.1f} s,"
                f" p99 {self.back_p99_s:.1f} s"
            ),
            (
                f"- refused attempts: {self.refused:,}; put off although they charge:"
                f" {put_off or 'none'}"
            ),
            (
                f"- memory: {self.rss_before_mib:.0f} MiB before, at most {self.rss_peak_mib:.0f},"
                f" {self.rss_after_mib:.0f} after"
            ),
            (
                f"- {self.cpu_s:.1f} CPU-s of server and database,"
                f" {self.cpu_s / self.stations * 1000:.2f} for each 1,000 stations"
            ),
            f"- samples: {self.samples:,}; lost: {self.lost}; double: {self.doubled}",
            f"- outcomes: {outcomes}",
        ]


def measure(setting: Setting, stations: int) -> Storm:
    with installation(setting) as installed:
        plan = Plan(stations, installed.addresses, trusted=installed.trusted)
        with crew(plan) as fleet:
            checked(fleet.open(stations), stations)
            return break_loose(installed, fleet)


def break_loose(installed: Installation, fleet: Crew, samples_rate: float = SAMPLES_RATE) -> Storm:
    """Kill the server under all that are connected, and look on until they are back."""
    before_mib = installed.rss_kib() / 1024
    others_before = installed.others_cpu_s()
    fleet.storm(samples_rate)
    begun = time.monotonic()
    installed.kill()
    time.sleep(DOWN_S)
    installed.start()
    opened = time.monotonic()
    report = fleet.settle(1.0, SETTLED_S)
    settled = time.monotonic()
    cpu_s = installed.cpu_s() + installed.others_cpu_s() - others_before
    peak_mib, after_mib = installed.peak_kib() / 1024, installed.rss_kib() / 1024
    kept = installed.samples_kept()
    return Storm(
        stations=fleet.plan.stations,
        down_s=opened - begun,
        booted_s=max(report.back_s, default=math.nan) - (opened - begun),
        settled_s=settled - opened,
        handshake_p50_s=percentile(report.handshakes_ms, 0.50) / 1000,
        handshake_p99_s=percentile(report.handshakes_ms, 0.99) / 1000,
        attempt_p99_s=percentile(report.attempts_ms, 0.99) / 1000,
        back_p50_s=percentile(report.back_s, 0.50),
        back_p99_s=percentile(report.back_s, 0.99),
        present=report.present,
        refused=len(report.attempts_ms) - len(report.handshakes_ms),
        put_off=sum(report.put_off.values()),
        cpu_s=cpu_s,
        rss_before_mib=before_mib,
        rss_peak_mib=peak_mib,
        rss_after_mib=after_mib,
        samples=report.measured,
        lost=max(report.measured - min(kept, report.answered), 0),
        doubled=max(kept - report.measured, 0),
        outcomes=dict(report.outcomes),
        put_off_by=dict(report.put_off),
    )


def main() -> None:
    end_in_order()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--stations", type=int, default=10_000)
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--nodes", type=int, default=1, help="several share PostgreSQL and NATS")
    options = parser.parse_args()
    database = "postgres" if options.nodes > 1 else options.database
    setting = Setting(database, options.nodes, options.tls)
    require_room(setting, options.stations)
    print(f"{setting.name}{', TLS' if options.tls else ''}, {machine()}\n")
    for line in measure(setting, options.stations).lines():
        print(line)


if __name__ == "__main__":
    main()
