"""The simulation from the command line: one seed with its trace, some seeds, or very many."""

import argparse
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

import structlog

from tests.simulation.plan import Plan, mass_plan_for, plan_for
from tests.simulation.simulation import Outcome, simulate

AHEAD = 3  # seeds that wait for each process, so that none waits for a seed


@dataclass(slots=True)
class Sum:
    """What many seeds come to."""

    seeds: int = 0
    sessions: int = 0
    facts: int = 0
    kills: int = 0
    connections: int = 0
    virtual_s: float = 0.0
    failures: int = 0

    def add(self, outcome: Outcome) -> None:
        self.seeds += 1
        self.sessions += outcome.sessions
        self.facts += outcome.facts
        self.kills += outcome.kills
        self.connections += outcome.connections
        self.virtual_s += outcome.virtual_s
        self.failures += outcome.failure is not None

    def __str__(self) -> str:
        return (
            f"{self.seeds} seeds, {self.sessions} sessions, {self.facts} facts, "
            f"{self.connections} connections, {self.kills} ends of servers, "
            f"{self.virtual_s / 3600:.0f} h of virtual time: {self.failures} failures"
        )


def main(arguments: Sequence[str] | None = None) -> int:
    silence()
    wanted = _arguments(arguments)
    if wanted.seed is not None:
        plan = _planner(wanted)(wanted.seed)
        outcome = simulate(plan, say)
        say(str(outcome))
        return int(outcome.failure is not None)
    total, begun = Sum(), time.monotonic()
    for outcome in _outcomes(wanted):
        total.add(outcome)
        if outcome.failure is not None:
            say(str(outcome))
        if total.seeds % wanted.every == 0:
            say(f"{time.monotonic() - begun:7.0f} s: {total}")
        if wanted.sessions and total.sessions >= wanted.sessions:
            break
    say(str(total))
    return int(total.failures > 0)


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, help="this one, with everything that happens")
    parser.add_argument("--seeds", type=int, default=1_000, help="how many")
    parser.add_argument("--first", type=int, default=1, help="the first of them")
    parser.add_argument("--sessions", type=int, help="stop after so many")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--every", type=int, default=100, help="seeds between two lines")
    parser.add_argument("--nodes", type=int, help="as many for every seed")
    parser.add_argument("--mass", action="store_true", help="many stations and short sessions")
    return parser.parse_args(arguments)


def _outcomes(wanted: argparse.Namespace) -> Iterator[Outcome]:
    planner = _planner(wanted)
    seeds = range(wanted.first, wanted.first + wanted.seeds)
    if wanted.processes == 1:
        yield from (simulate(planner(seed)) for seed in seeds)
        return
    with ProcessPoolExecutor(wanted.processes, initializer=silence) as processes:
        waiting: deque[Future[Outcome]] = deque()
        for seed in seeds:
            waiting.append(processes.submit(simulate, planner(seed)))
            if len(waiting) >= wanted.processes * AHEAD:
                yield waiting.popleft().result()
        yield from (each.result() for each in waiting)


def _planner(wanted: argparse.Namespace) -> Callable[[int], Plan]:
    return mass_plan_for if wanted.mass else partial(plan_for, nodes=wanted.nodes)


def silence() -> None:
    """A line for each message would cost more than the message."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
