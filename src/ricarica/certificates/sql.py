"""How certificates lie in the database."""

from typing import Any

import sqlalchemy as sa

from ricarica.certificates.model import (
    AuthorityKeys,
    HashAlgorithm,
    HashData,
    Installed,
    InstalledKind,
    Purpose,
    RequestState,
    Root,
    RootKind,
    SigningRequest,
    TrustStore,
)
from ricarica.kernel.ids import StationId, StationKey, TenantId
from ricarica.storage.columns import Blob, Boolean, Instant, Integer, Json, Text, metadata
from ricarica.storage.database import Row
from ricarica.storage.shelf import Shelf
from ricarica.storage.work import Work

FRESH_S = 10.0  # for what no station owns

REQUESTS = sa.Table(
    "certificate_requests",
    metadata,
    sa.Column("tenant", Text(), primary_key=True),
    sa.Column("station", Text(), primary_key=True),
    sa.Column("id", Text(), primary_key=True),
    sa.Column("purpose", Text(), nullable=False),
    sa.Column("csr", Text(), nullable=False),
    sa.Column("received_at", Instant(), nullable=False),
    sa.Column("state", Text(), nullable=False),
    sa.Column("request_id", Integer()),
    sa.Column("is_typed", Boolean(), nullable=False),
    sa.Column("root", Json()),
    sa.Column("attempts", Integer(), nullable=False),
    sa.Column("next_try_at", Instant()),
    sa.Column("chain", Text()),
    sa.Column("serial", Text()),
    sa.Column("not_before", Instant()),
    sa.Column("not_after", Instant()),
    sa.Column("detail", Text()),
    sa.Column("warned_at", Instant()),
    sa.Column("renewal_asked_at", Instant()),
    sa.Column("proven_at", Instant()),
    sa.Column("version", Integer(), nullable=False),
    sa.Index("ix_certificate_requests_state", "state", "next_try_at"),
    sa.Index("ix_certificate_requests_not_after", "not_after"),
    sa.Index("ix_certificate_requests_id", "tenant", "id"),
)

ROOTS = sa.Table(
    "trust_roots",
    metadata,
    sa.Column("tenant", Text(), primary_key=True),
    sa.Column("id", Text(), primary_key=True),
    sa.Column("kind", Text(), primary_key=True),
    sa.Column("name", Text(), nullable=False),
    sa.Column("pem", Text(), nullable=False),
    sa.Column("not_before", Instant(), nullable=False),
    sa.Column("not_after", Instant(), nullable=False),
    sa.Column("added_at", Instant(), nullable=False),
    sa.Column("stations", Json()),
    sa.Column("is_unwanted", Boolean(), nullable=False),
    sa.Column("warned_at", Instant()),
    sa.Column("version", Integer(), nullable=False),
)

STORES = sa.Table(
    "trust_stores",
    metadata,
    sa.Column("tenant", Text(), primary_key=True),
    sa.Column("station", Text(), primary_key=True),
    sa.Column("listed_at", Instant()),
    sa.Column("content", Json(), nullable=False),
    sa.Column("version", Integer(), nullable=False),
)

AUTHORITIES = sa.Table(
    "authorities",
    metadata,
    sa.Column("tenant", Text(), primary_key=True),
    sa.Column("purpose", Text(), primary_key=True),
    sa.Column("chain", Text(), nullable=False),
    sa.Column("sealed_key", Blob(), nullable=False),
    sa.Column("created_at", Instant(), nullable=False),
    sa.Column("version", Integer(), nullable=False),
)


def request_row(request: SigningRequest) -> Row:
    return (
        request.station.tenant,
        request.station.station,
        request.id,
        request.purpose,
        request.csr,
        request.received_at,
        request.state,
        request.request_id,
        request.is_typed,
        None if request.root is None else list(request.root),
        request.attempts,
        request.next_try_at,
        request.chain,
        request.serial,
        request.not_before,
        request.not_after,
        request.detail,
        request.warned_at,
        request.renewal_asked_at,
        request.proven_at,
    )


def request_from(row: Row) -> SigningRequest:
    tenant, station, id, purpose, csr, received_at, state, number, is_typed, root, *rest = row
    return SigningRequest(
        StationKey(TenantId(tenant), StationId(station)),
        id,
        Purpose(purpose),
        csr,
        received_at,
        RequestState(state),
        number,
        bool(is_typed),
        None if root is None else _hashes_from(root),
        *rest,
    )


def root_row(root: Root) -> Row:
    return (
        root.tenant,
        root.id,
        root.kind,
        root.name,
        root.pem,
        root.not_before,
        root.not_after,
        root.added_at,
        None if root.stations is None else list(root.stations),
        root.is_unwanted,
        root.warned_at,
    )


def root_from(row: Row) -> Root:
    tenant, id, kind, name, pem, since, until, added_at, stations, is_unwanted, warned_at = row
    return Root(
        TenantId(tenant),
        id,
        RootKind(kind),
        name,
        pem,
        since,
        until,
        added_at,
        None if stations is None else tuple(stations),
        bool(is_unwanted),
        warned_at,
    )


def store_row(store: TrustStore) -> Row:
    content = {
        "listed": sorted(store.listed),
        "refused": sorted(store.refused),
        "installed": [
            [each.kind, list(each.hashes), [list(child) for child in each.children]]
            for each in store.installed
        ],
    }
    return store.station.tenant, store.station.station, store.listed_at, content


def store_from(row: Row) -> TrustStore:
    tenant, station, listed_at, content = row
    return TrustStore(
        StationKey(TenantId(tenant), StationId(station)),
        listed_at,
        frozenset(map(InstalledKind, content["listed"])),
        tuple(
            Installed(InstalledKind(kind), _hashes_from(hashes), tuple(map(_hashes_from, children)))
            for kind, hashes, children in content["installed"]
        ),
        frozenset(content["refused"]),
    )


def _hashes_from(content: Any) -> HashData:
    algorithm, issuer_name, issuer_key, serial = content
    return HashData(HashAlgorithm(algorithm), issuer_name, issuer_key, serial)


def keys_row(keys: AuthorityKeys) -> Row:
    return keys.tenant, keys.purpose, keys.chain, keys.sealed_key, keys.created_at


def keys_from(row: Row) -> AuthorityKeys:
    tenant, purpose, chain, sealed_key, created_at = row
    return AuthorityKeys(TenantId(tenant), purpose, chain, bytes(sealed_key), created_at)


REQUEST_SHELF = Shelf[SigningRequest](
    REQUESTS,
    key=lambda request: (request.station.tenant, request.station.station, request.id),
    write=request_row,
    read=request_from,
    remembered_max=1_000,  # asked for now and then, and each is some kilobytes
)
ROOT_SHELF = Shelf[Root](
    ROOTS,
    key=lambda root: (root.tenant, root.id, root.kind),
    write=root_row,
    read=root_from,
    fresh_s=FRESH_S,
    remembered_max=1_000,
)
STORE_SHELF = Shelf[TrustStore](
    STORES,
    key=lambda store: (store.station.tenant, store.station.station),
    write=store_row,
    read=store_from,
    remembered_max=1_000,
)
KEYS_SHELF = Shelf[AuthorityKeys](
    AUTHORITIES,
    key=lambda keys: (keys.tenant, keys.purpose),
    write=keys_row,
    read=keys_from,
    fresh_s=FRESH_S,
    remembered_max=1_000,
)


class SqlCertificateStore:
    def __init__(self, work: Work) -> None:
        self._work = work

    async def request(self, station: StationKey, id: str) -> SigningRequest | None:
        return await self._work.get(REQUEST_SHELF, (station.tenant, station.station, id))

    async def requests(self, station: StationKey) -> list[SigningRequest]:
        return await self._work.under(REQUEST_SHELF, station.tenant, station.station)

    async def requests_of_key(self, tenant: TenantId, id: str) -> list[SigningRequest]:
        return await self._work.find(
            REQUEST_SHELF, REQUESTS.c.tenant == tenant, REQUESTS.c.id == id
        )

    def save_request(self, request: SigningRequest) -> None:
        self._work.put(REQUEST_SHELF, request)

    def remove_request(self, request: SigningRequest) -> None:
        self._work.remove(REQUEST_SHELF, request)

    async def trust_store(self, station: StationKey) -> TrustStore | None:
        return await self._work.get(STORE_SHELF, (station.tenant, station.station))

    def save_trust_store(self, store: TrustStore) -> None:
        self._work.put(STORE_SHELF, store)

    async def roots(self, tenant: TenantId) -> list[Root]:
        return await self._work.under(ROOT_SHELF, tenant)

    async def root(self, tenant: TenantId, id: str, kind: RootKind) -> Root | None:
        return await self._work.get(ROOT_SHELF, (tenant, id, kind))

    def save_root(self, root: Root) -> None:
        self._work.put(ROOT_SHELF, root)

    def remove_root(self, root: Root) -> None:
        self._work.remove(ROOT_SHELF, root)

    async def keys(self, tenant: TenantId, purpose: str) -> AuthorityKeys | None:
        return await self._work.get(KEYS_SHELF, (tenant, purpose))

    def save_keys(self, keys: AuthorityKeys) -> None:
        self._work.put(KEYS_SHELF, keys)
