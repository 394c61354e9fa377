"""From a seed to everything that is going to happen by design rather than in consequence."""

from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random

from ricarica.ocpp.dialects import V16, V21, V201, Dialect
from tests.simulation.lines import Manners


@dataclass(frozen=True, slots=True)
class StationPlan:
    identity: str
    dialect: Dialect
    evses: int
    password: bytes | None
    accepted_at_s: float  # when the operator accepts it; 0: it is known from the beginning
    repeats: float  # the share of connections over which it repeats messages
    reuses_ids: bool
    mangles: tuple[str, ...]  # what it gets wrong in every message
    skew: timedelta
    impatient: bool = False  # speaks before it is accepted
    stays_s: float = 0.0  # how long a connection lasts on average; 0: until something breaks it
    away_s: float = 0.0  # how long it then stays away at most


@dataclass(frozen=True, slots=True)
class Plan:
    """Rates are per hour, of the whole network."""

    seed: int
    stations: tuple[StationPlan, ...]
    chaos_s: float
    visit_s: float  # how long a car stays, on average
    sample_s: int  # between two readings; 0: none are told
    manners: Manners
    kills: float
    restarts: float
    outages: float
    flaky_commits: float  # the share that fails, or seems to
    slow_s: float  # of a slow database
    clock_jumps: float
    clock_jump: timedelta
    mishaps: float  # of stations: power loss, resets, faults, lost queues
    orders: float  # of operators
    changes: float  # of tokens and tariffs
    wire_numbers_max: int
    through_bytes: bool
    wishes: float  # reservations and limits, made and taken back
    lists: bool  # stations have one of all tokens
    nodes: int = 1
    arguments: str = ""  # what `make sim` needs besides the seed to make this plan again


MANGLES = ("null_optionals", "numbers_as_strings", "no_time_zone")
# A few numbers only, so that two transactions are now and then given the same one at first.
FEW_NUMBERS = 150
MANY_NUMBERS = 2**31 - 1


def plan_for(seed: int, *, nodes: int | None = None) -> Plan:
    """Each kind of trouble is there in some seeds only: what is always there hides the rest."""
    rng = Random(f"plan {seed}")

    def some(share: float, low: float, high: float) -> float:
        return rng.uniform(low, high) if rng.random() < share else 0.0

    chosen = rng.choice((1, 1, 2))
    visit_s = rng.choice((15.0, 30.0, 60.0))
    return Plan(
        seed=seed,
        stations=tuple(_station(number, rng) for number in range(1, rng.randint(3, 5))),
        chaos_s=rng.uniform(100, 250),
        visit_s=visit_s,
        sample_s=rng.choice((0, max(int(visit_s / 3), 10))),
        manners=_manners(rng),
        kills=some(0.6, 30, 200),
        restarts=some(0.2, 10, 40),
        outages=some(0.4, 15, 60),
        flaky_commits=some(0.4, 0.005, 0.05),
        slow_s=rng.choice((0.0, 0.0, 0.0, 0.2, 2.0)),
        clock_jumps=some(0.25, 15, 60),
        clock_jump=rng.choice((timedelta(hours=1), timedelta(hours=1), timedelta(days=365))),
        mishaps=some(0.5, 30, 200),
        orders=some(0.6, 60, 400),
        changes=some(0.4, 40, 200),
        wire_numbers_max=rng.choice((FEW_NUMBERS, MANY_NUMBERS)),
        through_bytes=rng.random() < 0.1,
        wishes=some(0.3, 60, 400),
        lists=rng.random() < 0.2,
        nodes=chosen if nodes is None else nodes,
        arguments="" if nodes is None else f" SIM_ARGS='--nodes {nodes}'",
    )


def _manners(rng: Random) -> Manners:
    return Manners(
        latency_s=rng.choice((0.01, 0.05, 0.3)),
        spread_s=rng.choice((0.0, 0.1, 2.0)),
        breaks=rng.choice((0.0, 0.002, 0.01, 0.03)),
        silent=rng.choice((0.0, 0.3, 0.8)),
        late=rng.choice((0.0, 0.3, 0.9)),
    )


def _station(number: int, rng: Random) -> StationPlan:
    dialect = rng.choice((V16, V16, V201, V21))
    return StationPlan(
        identity=f"SIM-{number}",
        dialect=dialect,
        evses=rng.choice((1, 2, 2)),
        password=rng.randbytes(10).hex().encode() if rng.random() < 0.3 else None,
        accepted_at_s=rng.uniform(5, 60) if rng.random() < 0.15 else 0.0,
        repeats=rng.choice((0.0, 0.0, 0.5)),
        reuses_ids=rng.random() < 0.25,
        mangles=tuple(name for name in MANGLES if rng.random() < 0.1),
        skew=timedelta(hours=rng.choice((0, 0, 0, 0, -6, 6, 1))),
        impatient=rng.random() < 0.5,
    )


def mass_plan_for(seed: int) -> Plan:
    """Many stations, short sessions and long silences: for sessions by the million."""
    plan = plan_for(seed, nodes=1)
    rng = Random(f"mass {seed}")
    return replace(
        plan,
        arguments=" SIM_ARGS=--mass",
        stations=tuple(_far_away(_station(number, rng), rng) for number in range(1, 81)),
        chaos_s=rng.uniform(400, 700),
        visit_s=12.0,
        wire_numbers_max=MANY_NUMBERS,
        sample_s=0,
        slow_s=rng.choice((0.3, 1.0)),  # so that what many say goes into one commit
        wishes=0.0,
        lists=False,
    )


def _far_away(station: StationPlan, rng: Random) -> StationPlan:
    """Out of reach most of the time, with people charging all the while."""
    return replace(station, stays_s=rng.uniform(10, 60), away_s=rng.uniform(60, 300))
