"""What processes cost: CPU-seconds and memory, from /proc."""

import os
import resource
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
KIB_PER_PAGE = os.sysconf("SC_PAGE_SIZE") / 1024
PPID, UTIME, STIME = 1, 11, 12  # places in /proc/PID/stat, counted after the name in brackets


@dataclass(frozen=True, slots=True)
class Family:
    """A process with all its descendants, e.g. a PostgreSQL server with its backends."""

    root: int

    def pids(self) -> set[int]:
        parents = {pid: int(fields[PPID]) for pid, fields in _all_stats()}
        family = {self.root}
        while more := {p for p, parent in parents.items() if parent in family} - family:
            family |= more
        return family

    def cpu_s(self) -> float:
        """CPU-seconds of those that live; short-lived children count when they were waited for."""
        family = self.pids()
        ticks = sum(
            int(fields[UTIME]) + int(fields[STIME]) for pid, fields in _all_stats() if pid in family
        )
        return ticks / TICKS_PER_S

    def rss_kib(self) -> float:
        return sum(_rss_kib(pid) for pid in self.pids())

    def pss_kib(self) -> float:
        """As RSS, with what several share divided among them."""
        return sum(_listed_kib(pid, "smaps_rollup", "Pss") for pid in self.pids())

    def peak_kib(self) -> float:
        """The most RSS that each has ever had."""
        return sum(_listed_kib(pid, "status", "VmHWM") for pid in self.pids())


def _all_stats() -> list[tuple[int, list[str]]]:
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            text = (folder / "stat").read_text()
        except OSError:  # it ended while we looked
            continue
        found.append((int(folder.name), text.rpartition(")")[2].split()))
    return found


def end_in_order() -> None:
    """Told to end, e.g. by `timeout`, this program ends what it has started first."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))


def raise_file_limit() -> int:
    """As many open files as this process may have; returns how many."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def kib_listed(text: str, name: str) -> float:
    """A line such as `Pss:  1234 kB` of what /proc tells."""
    for line in text.splitlines():
        if line.startswith(f"{name}:"):
            return float(line.split()[1])
    return 0.0


def _listed_kib(pid: int, file: str, name: str) -> float:
    try:
        return kib_listed(Path(f"/proc/{pid}/{file}").read_text(), name)
    except OSError:
        return 0.0


def _rss_kib(pid: int) -> float:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return 0.0
    return pages * KIB_PER_PAGE
