"""From a request to the core's verdict: who may come in, and how often one may try."""

import asyncio
import contextlib
import hashlib
from collections import OrderedDict
from dataclasses import dataclass, replace

import msgspec

from ricarica.kernel.errors import StorageUnavailableError
from ricarica.kernel.ids import StationKey
from ricarica.link.letters import Admission, Knock, Verdict
from ricarica.station_gateway import handshake
from ricarica.station_gateway.doorstep import Bottleneck, Turnstile
from ricarica.station_gateway.duplicates import Claim
from ricarica.station_gateway.handshake import (
    Credentials,
    Rejection,
    UnreadableCredentialsError,
)
from ricarica.station_gateway.identity import Address, UnfitPathError, address_from
from ricarica.station_gateway.proxies import Peer, network_of
from ricarica.station_gateway.request_head import Head
from ricarica.station_gateway.surroundings import Surroundings
from ricarica.station_gateway.throttle import Rate, Throttle, TokenBucket
from ricarica.station_gateway.timers import pause

_TALES = Rate(per_s=5.0, burst=50)  # of those turned away: enough to find out why, and no flood


@dataclass(frozen=True, slots=True)
class Visitor:
    """A station that the core lets in."""

    key: StationKey
    subprotocol: str
    spelling: str | None  # of the subprotocol, as the station wrote it
    claim: Claim
    secure: bool
    introduced: bool  # it has booted and was accepted before
    origin: str | None
    held_by: str = ""  # the gateway where it is connected already, if one is known
    certificate: str = ""  # the common name in the one it has shown
    certificate_key: str = ""


@dataclass(frozen=True, slots=True)
class NoCommonDialect:
    """The handshake is to be completed without a subprotocol, and the socket closed."""


class Porter:
    """Reads knocks, asks the core about them, and slows down those who guess."""

    def __init__(self, surroundings: Surroundings) -> None:
        limits = surroundings.limits
        self._around = surroundings
        self._remotes = Throttle(limits.failures_per_remote, limits.names_max)
        self._identities = Throttle(limits.failures_per_identity, limits.names_max)
        self._visits = Throttle(limits.visits, limits.names_max)
        self._welcomed_from: OrderedDict[str, str] = OrderedDict()
        self._penitents: set[tuple[str, str, str]] = set()
        self._tales = TokenBucket(_TALES, surroundings.clock.monotonic())
        self._turnstile = Turnstile(limits.entries, limits.names_max, surroundings.clock)
        self._bottleneck = Bottleneck(limits.entries_at_once, surroundings.timers)

    async def receive(
        self, peer: Peer, head: Head, counted_as: str | None
    ) -> Visitor | NoCommonDialect | Rejection:
        """`counted_as`: its address, in a crowd; None stands for a proxy, which is many."""
        problem = handshake.upgrade_problem(head.method, head.headers)
        if problem:
            return problem
        try:
            knock = self._knock_from(peer, head)
        except UnfitPathError:
            return handshake.BAD_PATH
        except UnreadableCredentialsError:
            self._remotes.count(network_of(peer.remote), self._around.clock.monotonic())
            await self._tell_of(self._knock_with(peer, head, None), "unreadable_credentials")
            return handshake.UNAUTHORIZED
        if self._is_guessing(knock) or self._is_restless(knock):
            await self._tell_of(knock, "too_often")
            return handshake.TOO_MANY
        if not await self._has_waited(knock):
            return handshake.TOO_MANY
        if await self._has_had_its_turn(counted_as):
            try:
                admission = await self._admit(knock)
            finally:
                self._bottleneck.leave()
        else:
            # Who charges may come in all the same, which only the core knows.
            admission = await self._admit(msgspec.structs.replace(knock, crowded=True))
        return self._verdict_on(knock, admission, head.headers.get("Origin"))

    def _knock_from(self, peer: Peer, head: Head) -> Knock:
        address = address_from(head.target)
        credentials = handshake.credentials_from(head.headers.get("Authorization"))
        return self._knock_with(peer, head, credentials, address)

    def _knock_with(
        self,
        peer: Peer,
        head: Head,
        credentials: Credentials | None,
        known: Address | None = None,
    ) -> Knock:
        address = known or address_from(head.target)
        return Knock(
            tenant=address.tenant,
            identity=address.identity,
            subprotocols=handshake.subprotocols_from(head.headers.lines("Sec-WebSocket-Protocol")),
            secure=peer.secure,
            username=credentials.username if credentials else None,
            password=credentials.password if credentials else None,
            remote=peer.remote,
            certificate=peer.certificate,
            at=self._around.clock.now(),
        )

    async def _admit(self, knock: Knock) -> Admission:
        if knock.username is not None and not handshake.names_station(
            knock.username, knock.identity
        ):
            await self._tell_of(knock, "other_user")
            return Admission(Verdict.UNAUTHORIZED)
        try:
            async with asyncio.timeout(self._around.limits.admit_s):
                return await self._around.decisions.admit(knock)
        except (TimeoutError, StorageUnavailableError):
            return Admission(Verdict.UNAVAILABLE)

    async def _tell_of(self, knock: Knock, why: str) -> None:
        """Let people find out why somebody was turned away; not of each in a flood."""
        now = self._around.clock.monotonic()
        if self._tales.empty(now):
            return
        self._tales.take(now)
        told = msgspec.structs.replace(knock, turned_away=why, password=None)
        with contextlib.suppress(TimeoutError, StorageUnavailableError):
            async with asyncio.timeout(self._around.limits.admit_s):
                await self._around.decisions.admit(told)

    def _verdict_on(
        self, knock: Knock, admission: Admission, origin: str | None
    ) -> Visitor | NoCommonDialect | Rejection:
        match admission.verdict:
            case Verdict.UNAVAILABLE:
                return handshake.UNAVAILABLE
            case Verdict.CROWDED:
                return self.crowded()
            case Verdict.UNAUTHORIZED:
                self._failed(knock)
                return handshake.UNAUTHORIZED
            case Verdict.NO_COMMON_DIALECT:
                return NoCommonDialect() if knock.subprotocols else handshake.NO_SUBPROTOCOL
            case Verdict.WELCOME:
                self._welcomed(knock)
                return self._visitor(knock, admission, origin)

    def crowded(self) -> Rejection:
        """Those who do as they are told come back spread out."""
        seconds = self._around.limits.crowded_retry_s * self._around.rng.uniform(0.5, 1.5)
        return replace(handshake.CROWDED, headers={"Retry-After": str(round(seconds))})

    def _visitor(self, knock: Knock, admission: Admission, origin: str | None) -> Visitor:
        assert admission.key, "a welcome says to which station"
        assert admission.subprotocol, "a welcome says which dialect to speak"
        return Visitor(
            key=admission.key,
            subprotocol=admission.subprotocol,
            spelling=handshake.spelling_of(admission.subprotocol, knock.subprotocols),
            claim=Claim(knock.remote, self._digest(knock), admission.authenticated),
            secure=knock.secure,
            introduced=admission.introduced,
            held_by=admission.held_by,
            origin=origin,
            certificate=knock.certificate.name if knock.certificate else "",
            certificate_key=knock.certificate.key if knock.certificate else "",
        )

    def _digest(self, knock: Knock) -> bytes:
        """The same at every node, so that one can rule on who comes to another."""
        digest = hashlib.blake2b(digest_size=16)
        digest.update((knock.username or b"").lower() + b":" + (knock.password or b""))
        if knock.certificate is not None:
            digest.update(b"\0" + knock.certificate.key.encode())
        return digest.digest()

    async def _has_waited(self, knock: Knock) -> bool:
        """Whoever broke the rules lately is kept waiting; one at a time of each name."""
        now = self._around.clock.monotonic()
        who = (knock.tenant, knock.identity, knock.remote)
        wait_s = self._around.offenders.wait_s(*who, now)
        if not wait_s:
            return True
        if who in self._penitents:
            return False
        self._penitents.add(who)
        try:
            await pause(self._around.timers, now + wait_s)
        finally:
            self._penitents.discard(who)
        return True

    async def _has_had_its_turn(self, network: str | None) -> bool:
        if network is not None:
            await self._has_calmed_down(network)
        now = self._around.clock.monotonic()
        patience_s = self._around.limits.entry_wait_s
        wait_s = self._turnstile.wait_s(network, patience_s, patience_s)
        if wait_s is None:
            return False
        if wait_s:
            await pause(self._around.timers, now + wait_s)
        return await self._bottleneck.enter(now + patience_s)

    async def _has_calmed_down(self, network: str) -> None:
        now, limits = self._around.clock.monotonic(), self._around.limits
        if self._around.offenders.is_restless(network, now):
            await pause(self._around.timers, now + limits.fleeting_wait_s)

    # -- guessing

    def _is_guessing(self, knock: Knock) -> bool:
        now = self._around.clock.monotonic()
        if self._identities.exhausted(self._attempt(knock), now):
            return True
        return not self._is_familiar(knock) and self._remotes.exhausted(
            network_of(knock.remote), now
        )

    def _failed(self, knock: Knock) -> None:
        now = self._around.clock.monotonic()
        self._remotes.count(network_of(knock.remote), now)
        self._identities.count(self._attempt(knock), now)

    def _attempt(self, knock: Knock) -> str:
        """Strangers' failures are counted together, and never against the station itself."""
        name = _name(knock)
        return f"{name} {knock.remote}" if self._is_familiar(knock) else name

    def _is_familiar(self, knock: Knock) -> bool:
        return self._welcomed_from.get(_name(knock)) == knock.remote

    def _is_restless(self, knock: Knock) -> bool:
        now = self._around.clock.monotonic()
        return self._visits.exhausted(f"{_name(knock)} {knock.remote}", now)

    def _welcomed(self, knock: Knock) -> None:
        now = self._around.clock.monotonic()
        self._visits.count(f"{_name(knock)} {knock.remote}", now)
        self._welcomed_from[_name(knock)] = knock.remote
        self._welcomed_from.move_to_end(_name(knock))
        limits = self._around.limits
        # Whoever is forgotten could be locked out by those who guess at its name.
        if len(self._welcomed_from) > max(limits.names_max, limits.connections_max):
            self._welcomed_from.popitem(last=False)


def _name(knock: Knock) -> str:
    return f"{knock.tenant}/{knock.identity.casefold()}"
