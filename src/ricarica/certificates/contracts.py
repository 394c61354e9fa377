"""What is known of contracts, and of certificates that are not ours. C07, M01, M02, M06, M07"""

from datetime import datetime

from ricarica.certificates.chains import inquiries_about, judged_chain
from ricarica.certificates.inquiries import Inquiries, Trust
from ricarica.certificates.model import (
    CarAnswer,
    CarRequest,
    ContractShown,
    ContractStatus,
    Finding,
    Inquiry,
    RootKind,
    Standing,
)
from ricarica.certificates.ports import CertificateStore
from ricarica.kernel.ids import StationKey, TenantId

OF_CONTRACTS = frozenset({RootKind.MO, RootKind.V2G})  # a provider may stand under either
STATUS = {
    Standing.GOOD: ContractStatus.ACCEPTED,
    Standing.REVOKED: ContractStatus.REVOKED,
    Standing.UNKNOWN: ContractStatus.CHAIN_ERROR,
    Standing.FAILED: ContractStatus.CHAIN_ERROR,
}


class ContractService:
    """Answers from what was asked of others before, see `inquiries`."""

    def __init__(self, store: CertificateStore, inquiries: Inquiries) -> None:
        self._store = store
        self._inquiries = inquiries

    async def judge(self, tenant: TenantId, shown: ContractShown, at: datetime) -> ContractStatus:
        """C07.FR.05: is the certificate good, whatever its contract is worth?"""
        if shown.chain is not None:
            roots = await self._store.roots(tenant)
            ours = [each.pem for each in roots if each.kind in OF_CONTRACTS]
            status = judged_chain(shown, ours, at)
            if status is not ContractStatus.ACCEPTED:
                return status
        elif not shown.hashes:
            return ContractStatus.CHAIN_ERROR
        return self._worst(tenant, shown, at)

    def _worst(self, tenant: TenantId, shown: ContractShown, at: datetime) -> ContractStatus:
        asked = inquiries_about(shown)
        found = {STATUS[self._inquiries.finding(tenant, each, at).standing] for each in asked}
        for status in (ContractStatus.REVOKED, ContractStatus.CHAIN_ERROR):
            if status in found:
                return status
        return ContractStatus.ACCEPTED

    async def trust(self, station: StationKey) -> Trust:
        """Who may have issued what this station asks about, PEM: M06 names them by hashes alone."""
        tenant = station.tenant
        roots = [each.pem for each in await self._store.roots(tenant) if not each.is_unwanted]
        requests = await self._store.requests(station)
        return Trust(tenant, (*roots, *(each.chain for each in requests if each.chain)))

    def finding(self, tenant: TenantId, inquiry: Inquiry, at: datetime) -> Finding:
        """M06, M07"""
        return self._inquiries.finding(tenant, inquiry, at)

    def answer_for_car(self, request: CarRequest, at: datetime) -> CarAnswer:
        """M01, M02"""
        return self._inquiries.answer_for(request, at)
