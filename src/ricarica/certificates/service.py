"""Certificates of stations: asked for, signed, delivered, renewed. A02, A03"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ricarica.certificates.authority import PURPOSE_OF_KEYS, kept_authority, new_authority
from ricarica.certificates.commands import DeliverCertificate, IssueCertificate
from ricarica.certificates.csr import UnfitCsrError, checked_csr, name_in
from ricarica.certificates.events import (
    CertificateExpires,
    CertificateInstalled,
    CertificateIssued,
    CertificateRefused,
    CertificateRequested,
    CertificateRevoked,
    SigningFailed,
)
from ricarica.certificates.facts import CertificateAsked, Taken
from ricarica.certificates.model import (
    CHAIN_LENGTH_MAX,
    RENEW_BEFORE,
    REQUESTS_MAX,
    REQUESTS_PER_HOUR_MAX,
    SIGN_AGAIN,
    SIGN_ATTEMPTS_MAX,
    WARN_BEFORE,
    AuthorityKeys,
    Purpose,
    RequestState,
    ShownCertificate,
    SigningRequest,
)
from ricarica.certificates.ports import Assignment, CertificateStore, Vault
from ricarica.certificates.reading import terms_in
from ricarica.kernel.errors import ConflictError, InvalidError, NotFoundError
from ricarica.kernel.events import Outgoing
from ricarica.kernel.ids import StationKey, TenantId
from ricarica.stations.commands import BringInStep, HangUp
from ricarica.stations.model import Station
from ricarica.stations.service import StationService

IN_STEP = "certificates"  # the kind of upkeep that brings them to their stations
ASK_AGAIN = timedelta(days=1)  # a station for its renewal
OPEN = (RequestState.WAITING, RequestState.ISSUED)
IN_USE = (RequestState.ISSUED, RequestState.INSTALLED)
GOOD = (*IN_USE, RequestState.SUPERSEDED)
KEPT = (*OPEN, RequestState.REVOKED)
KEY_DIGITS = 40  # of its digest, by which a request is known


@dataclass(frozen=True, slots=True)
class CertificatePolicy:
    """The operator's choices."""

    organization: str | None = None  # that stations have to name; None: any
    trusted_organizations: frozenset[str] = frozenset()  # whose certificates they may show, too
    authority_name: str = "Ricarica"
    is_authority_ours: bool = True  # otherwise another one signs, and we keep no keys


class CertificateService:
    def __init__(
        self,
        store: CertificateStore,
        stations: StationService,
        outgoing: Outgoing,
        policy: CertificatePolicy,
        vault: Vault,
    ) -> None:
        self._store = store
        self._stations = stations
        self._announce = outgoing.announce
        self._tell = outgoing.tell
        self._vault = vault
        self.policy = policy

    # -- asked by a station

    async def request(self, asked: CertificateAsked) -> Taken:
        """Take up a request, to be answered later by a certificate. Repeats are no new ones.

        A03.FR.11, FR.12
        """
        station = await self._stations.get(asked.station)
        try:
            csr = checked_csr(
                asked.csr, asked.purpose, _names(station, asked), self.policy.organization
            )
            await self._check_signer(asked)
            await self._check_bearer(asked.station, csr.common_name)
        except UnfitCsrError as error:
            return self._refused(asked, str(error))
        every = await self._store.requests(asked.station)
        known = next((each for each in every if each.id == csr.id), None)
        if known is not None and known.state is RequestState.REVOKED:
            return self._refused(asked, "its key was revoked")
        if known is None and _is_too_often(every, asked.at):
            return self._refused(asked, "it asks too often")
        self._take_up(asked, csr.id, known)
        self._drop_oldest(every)
        return Taken(is_accepted=True)

    def _refused(self, asked: CertificateAsked, why: str) -> Taken:
        self._announce(SigningFailed(asked.station, asked.purpose, why))
        return Taken(is_accepted=False, why=why)

    async def _check_bearer(self, station: StationKey, name: str) -> None:
        """By that name another one would be let in, see `is_named`."""
        if not await self._stations.is_alone_called(station, name):
            raise UnfitCsrError("another station has that name, or that serial number")

    async def _check_signer(self, asked: CertificateAsked) -> None:
        """A02.FR.12: what nobody here could sign is refused at once."""
        if not self.policy.is_authority_ours or asked.purpose is Purpose.STATION:
            return
        if await self._store.keys(asked.station.tenant, PURPOSE_OF_KEYS[asked.purpose]) is None:
            raise UnfitCsrError("nobody here signs certificates for cars to see")

    def _take_up(self, asked: CertificateAsked, id: str, known: SigningRequest | None) -> None:
        request = known or SigningRequest(
            asked.station, id, asked.purpose, asked.csr, received_at=asked.at
        )
        request = replace(
            request,
            purpose=asked.purpose,
            request_id=asked.request_id,
            is_typed=asked.is_typed,
            root=asked.root,
        )
        if _is_good(request, asked.at):
            # It has not got it, or lost it: the same certificate once more. A02.FR.17
            request = replace(request, state=RequestState.ISSUED)
            self._tell(asked.station, BringInStep(IN_STEP))
        else:
            request = replace(
                request, state=RequestState.WAITING, attempts=0, next_try_at=asked.at, detail=None
            )
            self._tell(asked.station, IssueCertificate(id))
        self._store.save_request(request)
        if known is None:
            self._announce(CertificateRequested(asked.station, asked.purpose))

    def _drop_oldest(self, every: list[SigningRequest]) -> None:
        closed = [each for each in every if each.state not in KEPT]
        surplus = len(every) + 1 - REQUESTS_MAX
        for each in sorted(closed, key=lambda each: each.received_at)[: max(surplus, 0)]:
            self._store.remove_request(each)

    # -- signed by an authority

    async def assignment(self, station: StationKey, id: str, at: datetime) -> Assignment | None:
        """What an authority is to sign now; None: nothing any more.

        Its next attempt is noted before this one: whoever dies meanwhile tries again then.
        """
        request = await self._store.request(station, id)
        if request is None or request.state is not RequestState.WAITING:
            return None
        attempts = request.attempts + 1
        again_at = at + SIGN_AGAIN * 2 ** min(attempts - 1, SIGN_ATTEMPTS_MAX)
        self._store.save_request(replace(request, attempts=attempts, next_try_at=again_at))
        keys = await self._keys(station.tenant, request.purpose, at)
        return Assignment(request.csr, request.purpose, name_in(request.csr), keys)

    async def _keys(self, tenant: TenantId, purpose: Purpose, at: datetime) -> AuthorityKeys | None:
        if not self.policy.is_authority_ours:
            return None
        kept = await self._store.keys(tenant, PURPOSE_OF_KEYS[purpose])
        return kept or self.found_authority(tenant, PURPOSE_OF_KEYS[purpose], at)

    async def issued(self, station: StationKey, id: str, chain: str) -> None:
        """The authority signed. What it gave is checked, for the station would refuse it."""
        request = await self._required(station, id)
        if request.state is not RequestState.WAITING:
            return
        if len(chain) > CHAIN_LENGTH_MAX:
            problem = f"the chain has more than {CHAIN_LENGTH_MAX} characters"
            await self.not_issued(station, id, problem, is_final=True)
            return
        terms = terms_in(chain)
        self._store.save_request(
            replace(
                request,
                state=RequestState.ISSUED,
                chain=chain,
                serial=terms.serial,
                not_before=terms.not_before,
                not_after=terms.not_after,
                next_try_at=None,
                detail=None,
            )
        )
        self._announce(CertificateIssued(station, request.purpose, terms.not_after))
        self._tell(station, BringInStep(IN_STEP))

    async def not_issued(
        self, station: StationKey, id: str, why: str, *, is_final: bool = False
    ) -> None:
        request = await self._required(station, id)
        if request.state is not RequestState.WAITING:
            return
        if is_final or request.attempts >= SIGN_ATTEMPTS_MAX:
            request = replace(request, state=RequestState.FAILED, next_try_at=None)
            self._announce(SigningFailed(station, request.purpose, why))
        self._store.save_request(replace(request, detail=why))

    # -- delivered to the station

    async def delivered(
        self, station: StationKey, id: str, at: datetime, *, refused_for: str | None = None
    ) -> None:
        """The station has answered. A02.FR.07, FR.08"""
        request = await self._store.request(station, id)
        if request is None or request.state is not RequestState.ISSUED:
            return
        if refused_for is None:
            await self._replaces_others(request)
            self._store.save_request(replace(request, state=RequestState.INSTALLED, detail=None))
            self._announce(CertificateInstalled(station, request.purpose))
        else:
            refused = replace(request, state=RequestState.REFUSED, detail=refused_for)
            self._store.save_request(refused)
            self._announce(CertificateRefused(station, request.purpose, refused_for))

    async def _replaces_others(self, request: SigningRequest) -> None:
        """What it had before for the same purpose is only a way back, until it has come with the
        new one. A02.FR.10, A02.FR.28"""
        for each in await self._store.requests(request.station):
            is_alike = each.purpose is request.purpose and each.id != request.id
            if not is_alike or each.state is not RequestState.INSTALLED:
                continue
            if each.purpose is Purpose.STATION:
                self._store.save_request(replace(each, state=RequestState.SUPERSEDED))
            else:  # cars see it, and we never do
                self._store.remove_request(each)

    async def next_step(
        self, station: StationKey, at: datetime
    ) -> DeliverCertificate | Purpose | None:
        """What waits to be brought to the station; or for what it has to be asked for a new key."""
        every = await self._store.requests(station)
        issued = [each for each in every if each.state is RequestState.ISSUED]
        if issued:
            return _delivery(min(issued, key=lambda each: each.received_at))
        coming = {each.purpose for each in every if each.state in OPEN}
        for each in every:
            if each.purpose not in coming and _has_to_be_renewed(each, at):
                self._store.save_request(replace(each, renewal_asked_at=at))
                return each.purpose
        return None

    async def warn(self, station: StationKey, id: str, at: datetime) -> None:
        """Of a certificate that is about to expire, once."""
        request = await self._required(station, id)
        if request.warned_at is None and expires_soon(request.not_after, at):
            self._store.save_request(replace(request, warned_at=at))
            assert request.not_after is not None, "what expires has an end"
            self._announce(CertificateExpires(station, request.purpose, request.not_after))

    # -- shown to us

    async def counts(self, station: StationKey, shown: ShownCertificate) -> bool:
        """Whether a certificate says anything about who comes with it.

        A00.FR.404: it names the operator, or whom the operator trusts. What an authority of our
        own has signed counts for the very station that asked for it, as long as it has no newer
        one and nobody has revoked it; what others have signed, unless that is known of it.
        """
        policy = self.policy
        owners = {*policy.trusted_organizations, *filter(None, (policy.organization,))}
        if owners and shown.organization not in owners:
            return False
        if shown.authority not in ("", station.tenant):
            return False
        of_key = await self._store.requests_of_key(station.tenant, shown.key[:KEY_DIGITS])
        mine = next((each for each in of_key if each.station == station), None)
        if shown.authority:
            return mine is not None and mine.state in GOOD
        return not of_key or (mine is not None and mine.state is not RequestState.REVOKED)

    async def came_with(self, station: StationKey, shown: ShownCertificate, at: datetime) -> None:
        """It was let in by it: now the one before is of no use any more. A02.FR.10"""
        mine = await self._store.request(station, shown.key[:KEY_DIGITS])
        if mine is None or mine.proven_at is not None or mine.state not in IN_USE:
            return
        for each in await self._store.requests(station):
            if each.purpose is mine.purpose and each.state is RequestState.SUPERSEDED:
                self._store.remove_request(each)
        # That it took it may have been lost on the way.
        taken = replace(mine, state=RequestState.INSTALLED, proven_at=at)
        self._store.save_request(taken)

    async def revoke(self, station: StationKey, id: str) -> SigningRequest:
        """From now on nobody comes in by it.

        Raises:
            ConflictError: it was never issued, or is revoked already.
        """
        request = await self._required(station, id)
        if request.state not in GOOD or request.serial is None:
            raise ConflictError(f"certificate {id} is not in use: {request.state}")
        revoked = replace(request, state=RequestState.REVOKED)
        self._store.save_request(revoked)
        self._announce(CertificateRevoked(station, request.purpose, request.serial))
        self._tell(station, HangUp("its certificate was revoked"))
        return revoked

    async def is_revoked(self, station: StationKey, key: str) -> bool:
        """
        Args:
            key: SHA-256 of the public key in its certificate, hex.
        """
        mine = await self._store.request(station, key[:KEY_DIGITS])
        return mine is not None and mine.state is RequestState.REVOKED

    # -- authorities of ours

    def found_authority(self, tenant: TenantId, purpose: str, at: datetime) -> AuthorityKeys:
        """Make one, on first need."""
        name = f"{self.policy.authority_name} {purpose} CA"
        made = new_authority(name, self.policy.organization, at)
        keys = kept_authority(tenant, purpose, made.certificate, made.key, at, self._vault)
        self._store.save_keys(keys)
        return keys

    async def keep_authority(
        self, tenant: TenantId, purpose: str, chain: str, key: bytes, at: datetime
    ) -> AuthorityKeys:
        """From now on, this one signs.

        Raises:
            InvalidError: certificate and key make no authority.
        """
        if purpose not in PURPOSE_OF_KEYS.values():
            raise InvalidError(f"an authority signs for station or v2g, not for {purpose}")
        before = await self._store.keys(tenant, purpose)
        keys = kept_authority(tenant, purpose, chain, key, at, self._vault)
        if before is not None and before.chain != keys.chain:
            # What it has signed stays good, so it has to stay known.
            name = f"{purpose} {terms_in(before.chain).id[:16]}"
            await self._store.keys(tenant, name)
            self._store.save_keys(replace(before, purpose=name))
        self._store.save_keys(keys)
        return keys

    async def authority(self, tenant: TenantId, purpose: str) -> AuthorityKeys | None:
        return await self._store.keys(tenant, purpose)

    async def _required(self, station: StationKey, id: str) -> SigningRequest:
        request = await self._store.request(station, id)
        if request is None:
            raise NotFoundError(f"{station} has asked for no certificate {id}")
        return request

    async def has_certificate(self, station: StationKey, at: datetime) -> bool:
        """Whether it can show us one. A05.FR.03"""
        return any(
            each.purpose is Purpose.STATION
            and each.state is RequestState.INSTALLED
            and each.not_after is not None
            and at < each.not_after
            for each in await self._store.requests(station)
        )


def _names(station: Station, asked: CertificateAsked) -> tuple[str, ...]:
    known = (station.serial, station.key.station)
    return (*filter(None, known), *asked.names)


def _delivery(request: SigningRequest) -> DeliverCertificate:
    assert request.chain is not None, "issued means there is one"
    # A02.FR.14, FR.25: what it called the request, it hears again
    purpose = request.purpose if request.is_typed else None
    return DeliverCertificate(request.id, request.chain, purpose, request.request_id)


def _is_too_often(every: list[SigningRequest], at: datetime) -> bool:
    lately = [each for each in every if at - each.received_at < timedelta(hours=1)]
    return len(lately) >= REQUESTS_PER_HOUR_MAX


def _is_good(request: SigningRequest, at: datetime) -> bool:
    was_signed = request.state in (RequestState.ISSUED, RequestState.INSTALLED)
    return was_signed and request.not_after is not None and at < request.not_after - RENEW_BEFORE


def _has_to_be_renewed(request: SigningRequest, at: datetime) -> bool:
    if request.state is not RequestState.INSTALLED or request.not_after is None:
        return False
    asked_at = request.renewal_asked_at
    if asked_at is not None and at - asked_at < ASK_AGAIN:
        return False
    return at >= request.not_after - RENEW_BEFORE


def expires_soon(not_after: datetime | None, at: datetime) -> bool:
    return not_after is not None and at >= not_after - WARN_BEFORE
