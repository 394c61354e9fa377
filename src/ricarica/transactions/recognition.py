"""Which transaction a fact is about, and whether it was told before."""

from decimal import Decimal

from msgspec.structs import replace

from ricarica.authorization.model import TokenRef
from ricarica.authorization.service import AuthorizationService
from ricarica.kernel.ids import Ids, StationKey
from ricarica.transactions.counting import may_end
from ricarica.transactions.facts import Ended, Progressed, TransactionFact
from ricarica.transactions.model import Flag, Transaction
from ricarica.transactions.ports import TransactionStore
from ricarica.transactions.repeats import is_of, may_be_repeat

NO_REFS = frozenset({"0", "-1"})  # what stations of 1.6 send when they have lost the number


class Recognition:
    def __init__(
        self,
        store: TransactionStore,
        authorization: AuthorizationService,
        ids: Ids,
        power_max_w: Decimal,
    ) -> None:
        self._store = store
        self._authorization = authorization
        self._ids = ids
        self._power_max_w = power_max_w

    async def known(self, fact: TransactionFact) -> Transaction | None:
        if fact.ref is not None and fact.ref not in NO_REFS:
            return await self._store.get(fact.station, fact.ref)
        if isinstance(fact, Ended):
            for ended in await self._store.ended_at(fact.station, fact.at):
                if ended.register_stop_wh == fact.register_wh:
                    return ended
        return await self._likely(fact)

    async def recognised(
        self, fact: TransactionFact, key: str
    ) -> tuple[TransactionFact, Transaction | None]:
        """What it is a repeat of, or else with a number of its own: by one question."""
        number = str(self._ids.wire_number())
        alike = await self._store.alike(fact.station, key, number)
        known = next((each for each in alike if each.repeat_key == key), None)
        if known is not None:
            return fact, known
        if alike:
            number = await self.unused_ref(fact.station)
        return replace(fact, ref=number), None

    async def running_with(self, fact: TransactionFact, key: str) -> Transaction | None:
        """A clock that was never set may tell every start alike: only a running one is meant."""
        running = await self._store.running_at(fact.station, fact.evse)
        return next((each for each in running if each.repeat_key == key), None)

    async def is_repeat(
        self, known: Transaction, fact: TransactionFact, flags: frozenset[Flag]
    ) -> bool:
        if not may_be_repeat(known, fact):
            return False
        if not isinstance(fact, Progressed) or Flag.IMPLAUSIBLE_TIME in flags:
            return True
        # Some stations give many events one number: only what is on the timeline was told.
        return await self._store.has_progressed(known, fact.at, fact.seq_no)

    async def unused_ref(self, station: StationKey) -> str:
        """A number by chance; one that was given before would write over what it was given to."""
        while True:
            ref = str(self._ids.wire_number())
            if await self._store.get(station, ref) is None:
                return ref

    async def _likely(self, fact: TransactionFact) -> Transaction | None:
        """The running transaction a nameless fact is about, if there is no doubt."""
        running = await self._store.running_at(fact.station, fact.evse)
        if isinstance(fact, Progressed):
            # What was measured before it began is the EVSE's at rest, told late.
            running = [each for each in running if each.started_at <= fact.at]
        if isinstance(fact, Ended):
            running = [each for each in running if may_end(each, fact, self._power_max_w)]
        if fact.token is not None and len(running) > 1:
            running = [each for each in running if is_of(each, fact.token)]
        if isinstance(fact, Ended) and fact.token is not None:
            running = [each for each in running if await self._may_stop(fact.token, each)]
        return running[-1] if len(running) == 1 else None

    async def _may_stop(self, token: TokenRef, transaction: Transaction) -> bool:
        """Who began it, or another of the group."""
        if transaction.token is None or is_of(transaction, token):
            return True
        tenant = transaction.station.tenant
        mate = await self._authorization.meant(tenant, token)
        first = await self._authorization.find(tenant, TokenRef(transaction.token))
        return bool(mate and first and mate.group and mate.group == first.group)
