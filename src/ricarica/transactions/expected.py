"""Starts from afar that a station accepted: does a transaction follow?"""

from datetime import datetime, timedelta

from ricarica.kernel.events import Outgoing
from ricarica.kernel.ids import EvseNumber, StationKey
from ricarica.stations.commands import Topic, Trigger
from ricarica.transactions.events import RemoteStartUnfulfilled
from ricarica.transactions.model import CLOCKS_DIFFER, ExpectedStart, Transaction
from ricarica.transactions.ports import ExpectedStartStore

# The driver has this long to plug in, as stations mostly allow it: EVConnectionTimeOut.
PATIENCE = timedelta(minutes=3)
AT_ONCE_MAX = 200  # looked after in one unit of work


class ExpectedStarts:
    def __init__(self, store: ExpectedStartStore, outgoing: Outgoing) -> None:
        self._store = store
        self._announce = outgoing.announce
        self._tell = outgoing.tell

    def expect(
        self,
        station: StationKey,
        number: int,
        token: str,
        evse: EvseNumber | None,
        at: datetime,
    ) -> None:
        self._store.expect(ExpectedStart(station, number, at, at + PATIENCE, token, evse))

    async def look_after(self, now: datetime) -> int:
        """Ask after what should have begun by now; returns how much did not."""
        unfulfilled = 0
        for expected in await self._store.overdue(now, AT_ONCE_MAX):
            self._store.forget(expected)
            since = expected.at - CLOCKS_DIFFER
            begun = await self._store.begun_since(expected.station, since)
            if any(fulfils(each, expected) for each in begun):
                continue
            unfulfilled += 1
            self._announce(
                RemoteStartUnfulfilled(
                    expected.station, expected.number, expected.evse, expected.token, expected.at
                )
            )
            if expected.evse is not None:
                self._tell(expected.station, Trigger(Topic.STATUS, expected.evse))
        return unfulfilled


def fulfils(transaction: Transaction, expected: ExpectedStart) -> bool:
    """1.6 does not say which request of ours a transaction came of, so its token decides."""
    if transaction.remote_start is not None:
        return transaction.remote_start == expected.number
    is_there = expected.evse in (None, transaction.evse)
    is_same = (transaction.token or "").casefold() == expected.token.casefold()
    return is_there and is_same
