"""From when on the outbox is read in place of NATS, and until when."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import cast

import pytest

from ricarica.app.missed import ALL_BACK_S, UNNOTICED, Missed
from ricarica.engine.outbox import Events
from ricarica.kernel.errors import StorageUnavailableError
from ricarica.link.bus import Bus
from ricarica.link.letters import Unheard
from ricarica.testing.clock import START, FakeClock

SECOND = timedelta(seconds=1)


class Outbox:
    """In place of `Events`: from when on it was read."""

    def __init__(self) -> None:
        self.read: list[datetime] = []
        self.is_away = False
        self.meanwhile: Callable[[], None] = lambda: None

    async def tell_since(self, at: datetime) -> None:
        self.meanwhile()
        if self.is_away:
            raise StorageUnavailableError("it is away")
        self.read.append(at)


class Line:
    def __init__(self) -> None:
        self.said: list[tuple[str, Unheard]] = []

    def send(self, subject: str, letter: Unheard) -> bool:
        self.said.append((subject, letter))
        return True


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def outbox() -> Outbox:
    return Outbox()


@pytest.fixture
def line() -> Line:
    return Line()


@pytest.fixture
def missed(clock: FakeClock, outbox: Outbox, line: Line) -> Missed:
    return Missed(cast("Events", outbox), cast("Bus", line), clock)


async def test_while_all_is_well_nothing_is_read(missed: Missed, outbox: Outbox) -> None:
    await missed.read()

    assert outbox.read == []


async def test_it_is_read_from_before_the_loss_until_all_are_back(
    missed: Missed, outbox: Outbox, clock: FakeClock
) -> None:
    missed.lost()
    await missed.read()
    clock.pass_time(SECOND)
    await missed.read()
    missed.back()
    clock.pass_time(ALL_BACK_S * SECOND)
    for _ in range(3):
        await missed.read()

    assert outbox.read == [START - UNNOTICED, START, START + SECOND]


async def test_a_second_loss_soon_after_the_first_is_one_too(
    missed: Missed, outbox: Outbox, clock: FakeClock
) -> None:
    missed.lost()
    missed.back()
    clock.pass_time(2 * SECOND)
    missed.lost()
    clock.pass_time(2 * ALL_BACK_S * SECOND)
    for _ in range(3):
        await missed.read()

    assert len(outbox.read) == 3


async def test_what_could_not_be_read_is_read_later(missed: Missed, outbox: Outbox) -> None:
    missed.lost()
    outbox.is_away = True
    with pytest.raises(StorageUnavailableError):
        await missed.read()
    outbox.is_away = False
    await missed.read()

    assert outbox.read == [START - UNNOTICED]


async def test_of_two_losses_it_is_read_from_the_first(
    missed: Missed, outbox: Outbox, clock: FakeClock
) -> None:
    missed.lost()
    clock.pass_time(9 * SECOND)
    missed.lost()
    await missed.read()

    assert outbox.read == [START - UNNOTICED]


async def test_a_loss_that_is_told_of_while_it_is_read_is_read_next(
    missed: Missed, outbox: Outbox
) -> None:
    earlier = START - timedelta(hours=1)
    missed.lost()
    outbox.meanwhile = lambda: missed.others_were(Unheard(earlier))
    await missed.read()
    await missed.read()

    assert outbox.read == [START - UNNOTICED, earlier]


async def test_the_others_learn_of_it_and_read_too(
    missed: Missed, outbox: Outbox, line: Line, clock: FakeClock
) -> None:
    missed.lost()
    missed.back()
    elsewhere = Outbox()
    other = Missed(cast("Events", elsewhere), cast("Bus", Line()), clock)
    [(subject, letter)] = line.said

    other.others_were(letter)
    await other.read()
    clock.pass_time(ALL_BACK_S * SECOND)
    for _ in range(3):
        await other.read()

    assert subject == "unheard"
    assert elsewhere.read == [START - UNNOTICED, START]
