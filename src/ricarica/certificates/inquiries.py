"""Asking others before a message is decided: nobody else waits while they think.

The engine asks first, and the handler then finds the answer here. What was answered is kept for
as long as it is good, and that nobody answered for a minute: hostile stations must not make us
knock at the same door again and again.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, NamedTuple, TypeVar

from ricarica.certificates.model import CarAnswer, CarRequest, Finding, Inquiry, Source, Standing
from ricarica.certificates.ports import ContractProvider, Fetch, UnreachableError
from ricarica.certificates.revocation import finding_from, ocsp_request
from ricarica.kernel.errors import InvalidError
from ricarica.kernel.ids import TenantId

Question = Inquiry | CarRequest
"""What a handler may want to know from others."""

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

FINDINGS_MAX = 20_000  # a few hundred bytes each; a fleet has as many contracts
CARS_MAX = 1_000  # that wait for their certificates at the same moment
FAILED_FOR = timedelta(minutes=1)
FAILED_MAX = 2_000  # that nobody answered
CAR_WAITS = timedelta(minutes=10)  # for the rest of its contracts: M01.FR.06
AT_ONCE_MAX = 50  # questions under way; more wait, and give up with the rest
REVOCATION_S = 5.0  # ISO 15118-2: a car waits five seconds for PaymentDetailsRes
CONTRACT_S = 30.0  # a car of ISO 15118-20 polls meanwhile; others gave up before
URLS_MAX = 3  # tried for one certificate
OCSP_KIND = "application/ocsp-request"
NO_ANSWER = "nobody has answered in time"
NO_PROVIDER = "no provider of contract certificates is set up here"


@dataclass(slots=True)
class _Remembered(Generic[K, V]):
    """The latest, each until its time is over."""

    most: int
    entries: OrderedDict[K, tuple[datetime, V]] = field(default_factory=OrderedDict)

    def get(self, key: K, at: datetime) -> V | None:
        entry = self.entries.get(key)
        return entry[1] if entry and at < entry[0] else None

    def put(self, key: K, value: V, until: datetime, at: datetime) -> None:
        while self.entries and next(iter(self.entries.values()))[0] <= at:
            self.entries.popitem(last=False)
        self.entries[key] = (until, value)
        self.entries.move_to_end(key)
        if len(self.entries) > self.most:
            self.entries.popitem(last=False)


class Trust(NamedTuple):
    """Whom a tenant believes. `authorities`: certificates in PEM of those who may have issued
    what is asked about."""

    tenant: TenantId
    authorities: tuple[str, ...] = ()


class Inquiries:
    """What this node has asked of others, and still remembers."""

    def __init__(self, fetch: Fetch, provider: ContractProvider | None = None) -> None:
        self._fetch = fetch
        self._provider = provider
        # By the question with its addresses, and by whose roots were to tell whether the answer
        # is true: what a hostile station's own responder says of a certificate must not become
        # what others are told of it.
        self._findings = _Remembered[tuple[TenantId, Inquiry], Finding](FINDINGS_MAX)
        # Apart from them, for these are over soon, and stations can make up any number.
        self._failed = _Remembered[tuple[TenantId, Inquiry], Finding](FAILED_MAX)
        self._cars = _Remembered[CarRequest, list[CarAnswer]](CARS_MAX)
        self._under_way: dict[tuple[TenantId, Question], asyncio.Task[None]] = {}
        self._turns = asyncio.Semaphore(AT_ONCE_MAX)

    def __len__(self) -> int:
        return len(self._findings.entries) + len(self._failed.entries)

    # -- for the engine

    async def ask(
        self,
        questions: Iterable[Question],
        now: Callable[[], datetime],
        trust: Trust,
    ) -> None:
        """Until all are answered, or have waited for long enough. Never raises."""
        tasks = [self._begun(question, now, trust) for question in dict.fromkeys(questions)]
        if tasks:
            await asyncio.wait(tasks)

    # -- for the handlers

    def finding(self, tenant: TenantId, inquiry: Inquiry, at: datetime) -> Finding:
        return self._known(tenant, inquiry, at) or Finding(Standing.FAILED, at, why=NO_ANSWER)

    def answer_for(self, request: CarRequest, at: datetime) -> CarAnswer:
        """The next for this car. M01.FR.04, FR.07: with how many there still are."""
        waiting = self._cars.get(request, at)
        if not waiting:
            return CarAnswer(None, why=NO_ANSWER if self._provider else NO_PROVIDER)
        answer = waiting.pop(0)
        if answer.exi is None or request.chains_max is None:
            return answer
        return answer._replace(remaining=len(waiting))

    # -- parts

    def _known(self, tenant: TenantId, inquiry: Inquiry, at: datetime) -> Finding | None:
        key = (tenant, inquiry)
        return self._findings.get(key, at) or self._failed.get(key, at)

    def _begun(
        self, question: Question, now: Callable[[], datetime], trust: Trust
    ) -> "asyncio.Task[None]":
        """Whoever asks the same at the same time waits for the same answer."""
        key = (trust.tenant, question)
        task = self._under_way.get(key)
        if task is None:
            task = asyncio.ensure_future(self._ask(question, now, trust))
            self._under_way[key] = task
            task.add_done_callback(lambda _: self._under_way.pop(key, None))
        return task

    async def _ask(self, question: Question, now: Callable[[], datetime], trust: Trust) -> None:
        if isinstance(question, Inquiry):
            await self._look_up(question, now, trust)
        else:
            await self._ask_provider(question, now)

    async def _look_up(self, inquiry: Inquiry, now: Callable[[], datetime], trust: Trust) -> None:
        at = now()
        if self._known(trust.tenant, inquiry, at) is not None:
            return
        try:
            async with asyncio.timeout(REVOCATION_S), self._turns:
                finding = await self._found(inquiry, at, trust)
        except (TimeoutError, UnreachableError, InvalidError) as error:
            finding = Finding(Standing.FAILED, at, why=str(error) or NO_ANSWER)  # M07.FR.05
        key = (trust.tenant, inquiry)
        if finding.standing is Standing.FAILED:
            self._failed.put(key, finding, at + FAILED_FOR, at)
        else:
            self._findings.put(key, finding, finding.next_update, at)

    async def _found(self, inquiry: Inquiry, at: datetime, trust: Trust) -> Finding:
        failed: UnreachableError = UnreachableError("there is no address to ask at")
        asks_list = inquiry.source is Source.CRL  # M07.FR.01, FR.04
        body = None if asks_list else ocsp_request(inquiry.hashes)
        for url in inquiry.urls[:URLS_MAX]:
            try:
                answer = await self._fetch(url, body, None if asks_list else OCSP_KIND)
                return finding_from(inquiry, answer, at, trust.authorities)
            except UnreachableError as error:
                failed = error
        raise failed

    async def _ask_provider(self, request: CarRequest, now: Callable[[], datetime]) -> None:
        at = now()
        if self._provider is None or self._cars.get(request, at):
            return  # what is left of the last answer comes first
        try:
            async with asyncio.timeout(CONTRACT_S), self._turns:
                answers = list(await self._provider.ask(request))
        except (TimeoutError, UnreachableError) as error:
            answers = [CarAnswer(None, why=str(error) or NO_ANSWER)]
        answered_at = now()
        self._cars.put(request, answers, answered_at + CAR_WAITS, answered_at)


async def ask_nobody(url: str, body: bytes | None, kind: str | None) -> bytes:
    """`Fetch` for where nothing outside can be asked."""
    raise UnreachableError(f"{url} cannot be asked from here")
