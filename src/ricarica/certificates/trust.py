"""Whom stations trust: which roots they ought to have, and which they have. M03–M05"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from ricarica.certificates.commands import DeleteInstalled, InstallRoot, ListInstalled
from ricarica.certificates.events import RootExpires, RootsChanged, TrustStoreChanged
from ricarica.certificates.facts import InstalledListed
from ricarica.certificates.model import (
    INSTALLED_MAX,
    HashData,
    Installed,
    InstalledKind,
    Root,
    RootKind,
    TrustStore,
)
from ricarica.certificates.ports import CertificateStore
from ricarica.certificates.reading import certificates_in, names_of_root, terms_of
from ricarica.certificates.service import IN_STEP, expires_soon
from ricarica.kernel.errors import ConflictError, InvalidError, NotFoundError
from ricarica.kernel.events import Outgoing
from ricarica.kernel.ids import StationId, StationKey, TenantId
from ricarica.stations.commands import BringInStep

ROOTS_MAX = 200  # of one tenant; Hubject's pool of roots has a few dozen
STEP = InstallRoot | DeleteInstalled | ListInstalled


class TrustService:
    def __init__(self, store: CertificateStore, outgoing: Outgoing) -> None:
        self._store = store
        self._announce = outgoing.announce
        self._tell = outgoing.tell

    # -- what an operator decides

    async def add(
        self,
        tenant: TenantId,
        kind: RootKind,
        pem: str,
        at: datetime,
        stations: Iterable[str] | None = None,
    ) -> Root:
        """From now on stations ought to trust this root: these, or all.

        Raises:
            InvalidError: it is no certificate, or has expired.
        """
        certificate, *others = certificates_in(pem)
        terms = terms_of(certificate)
        if others:
            raise InvalidError("a root stands alone; leave out what it signed")
        if at > terms.not_after:
            raise InvalidError(f"it has expired on {terms.not_after:%Y-%m-%d}")
        if len(await self._store.roots(tenant)) >= ROOTS_MAX:
            raise ConflictError(f"there are {ROOTS_MAX} roots already; remove some")
        known = await self._store.root(tenant, terms.id, kind)
        root = Root(
            tenant,
            terms.id,
            kind,
            terms.name,
            pem.strip() + "\n",
            terms.not_before,
            terms.not_after,
            added_at=known.added_at if known else at,
            stations=None if stations is None else tuple(sorted(set(stations))),
        )
        self._store.save_root(root)
        self._changed(root)
        return root

    async def remove(self, tenant: TenantId, kind: RootKind, id: str) -> Root:
        """Have it deleted from stations too. It stays in the list until it is forgotten."""
        root = replace(await self.get(tenant, kind, id), is_unwanted=True)
        self._store.save_root(root)
        self._changed(root)
        return root

    async def forget(self, tenant: TenantId, kind: RootKind, id: str) -> None:
        """Stations that have it keep it; nobody here cares any more."""
        self._store.remove_root(await self.get(tenant, kind, id))
        self._announce(RootsChanged())

    async def get(self, tenant: TenantId, kind: RootKind, id: str) -> Root:
        root = await self._store.root(tenant, id, kind)
        if root is None:
            raise NotFoundError(f"there is no {kind} root {id}")
        return root

    async def warn(self, tenant: TenantId, kind: RootKind, id: str, at: datetime) -> None:
        """Of a root that is about to expire, once."""
        root = await self.get(tenant, kind, id)
        if root.warned_at is None and not root.is_unwanted and expires_soon(root.not_after, at):
            self._store.save_root(replace(root, warned_at=at))
            self._announce(RootExpires(kind, root.name, root.not_after))

    def _changed(self, root: Root) -> None:
        self._announce(RootsChanged())
        for station in root.stations or ():
            self.bring_in_step(StationKey(root.tenant, StationId(station)))

    def bring_in_step(self, station: StationKey) -> None:
        self._tell(station, BringInStep(IN_STEP))

    # -- what a station tells

    async def listed(self, told: InstalledListed) -> None:
        store = await self._of(told.station)
        kinds = frozenset(InstalledKind) if told.kind is None else frozenset({told.kind})
        others = (each for each in store.installed if each.kind not in kinds)
        every = (*others, *(each for each in told.installed if each.kind in kinds))
        self._save(
            replace(
                store,
                listed_at=told.at,
                listed=store.listed | kinds,
                installed=every[:INSTALLED_MAX],
                refused=frozenset(),
            )
        )

    async def installed(self, station: StationKey, said: InstallRoot) -> None:
        """The station took it. M05.FR.01"""
        store, names = await self._of(station), names_of_root(said.certificate)
        kind = InstalledKind(said.kind.value)
        if store.has(kind, names) is None:
            name = next(each for each in names if each.algorithm.value == "sha256")
            store = replace(store, installed=(*store.installed, Installed(kind, name)))
        self._save(replace(store, refused=store.refused - {said.id}))

    async def refused(self, station: StationKey, said: InstallRoot) -> None:
        store = await self._of(station)
        self._save(replace(store, refused=store.refused | {said.id}))

    async def deleted(self, station: StationKey, hashes: HashData) -> None:
        store = await self._of(station)
        left = tuple(each for each in store.installed if each.hashes != hashes)
        self._save(replace(store, installed=left))

    async def check_deletion(self, station: StationKey, hashes: HashData) -> None:
        """
        Raises:
            ConflictError: without it the station could not connect any more. M04
        """
        store = await self._of(station)
        ours = [each for each in store.installed if each.kind is InstalledKind.CSMS]
        if [each.hashes for each in ours] == [hashes]:
            raise ConflictError(
                "this is the last root by which the station knows us; install another one first"
            )

    # -- what is missing

    async def next_step(self, station: StationKey, kinds: frozenset[RootKind]) -> STEP | None:
        """What brings the station nearer to the roots that it ought to have.

        Args:
            kinds: Those that it has a word for.
        """
        ours = [
            root
            for root in await self._store.roots(station.tenant)
            if root.belongs_to(station) and root.kind in kinds
        ]
        store = await self._of(station)
        for root in ours:
            if InstalledKind(root.kind.value) not in store.listed:
                return ListInstalled(InstalledKind(root.kind.value))
        # Those that it did not take once come last, lest they keep others from being tried.
        for root in sorted(ours, key=lambda root: root.id in store.refused):
            if (step := _step_for(root, store)) is not None:
                return step
        return None

    async def _of(self, station: StationKey) -> TrustStore:
        return await self._store.trust_store(station) or TrustStore(station)

    def _save(self, store: TrustStore) -> None:
        self._store.save_trust_store(store)
        self._announce(TrustStoreChanged(store.station))


def _step_for(root: Root, store: TrustStore) -> STEP | None:
    kind = InstalledKind(root.kind.value)
    there = store.has(kind, names_of_root(root.pem))
    if not root.is_unwanted:
        return None if there else InstallRoot(root.kind, root.pem, root.id)
    if there is None or _is_last_of_ours(kind, store):
        return None
    return DeleteInstalled(there.hashes)  # M04.FR.07: by the hashes that it reported itself


def _is_last_of_ours(kind: InstalledKind, store: TrustStore) -> bool:
    """Without any it could never connect again. M04"""
    ours = [each for each in store.installed if each.kind is InstalledKind.CSMS]
    return kind is InstalledKind.CSMS and len(ours) <= 1
