"""Who may charge."""

from dataclasses import dataclass, replace
from datetime import datetime

from ricarica.authorization.events import TokenChanged, TokenJudged
from ricarica.authorization.model import (
    Judgement,
    Token,
    TokenKind,
    TokenRef,
    TokenStatus,
    judge,
)
from ricarica.authorization.ports import TokenStore
from ricarica.kernel.errors import ConflictError, InvalidError, NotFoundError
from ricarica.kernel.events import Announcer
from ricarica.kernel.ids import StationKey, TenantId

UID_LENGTH_MAX = 255  # 2.1 allows 255, and stations of 1.6 have been seen to exceed their 20
# Starts from the dashboard or the API that name no token are the operator's own.
DESK = TokenRef("RICARICA-DESK", TokenKind.CENTRAL)


@dataclass(frozen=True, slots=True)
class TokenChanges:
    """None leaves a field as it is; an empty text takes group or label away."""

    status: TokenStatus | None = None
    group: str | None = None
    label: str | None = None
    expires_at: datetime | None = None
    never_expires: bool = False
    concurrent_max: int | None = None
    any_number: bool = False  # of running transactions at once
    kind: TokenKind | None = None


class AuthorizationService:
    def __init__(self, store: TokenStore, announcer: Announcer) -> None:
        self._store = store
        self._announce = announcer.announce

    async def authorize(self, station: StationKey, ref: TokenRef, at: datetime) -> Judgement:
        """A driver identified at a station: may it charge? C01"""
        judgement = await self.judge(station.tenant, ref, at)
        self._announce(TokenJudged(station, ref.uid, judgement.verdict))
        return judgement

    async def judge(
        self, tenant: TenantId, ref: TokenRef, at: datetime, *, running: int = 0
    ) -> Judgement:
        return judge(await self._store.get(tenant, ref.folded), ref, at, running=running)

    async def find(self, tenant: TenantId, ref: TokenRef) -> Token | None:
        return await self._store.get(tenant, ref.folded)

    async def add(self, token: Token) -> Token:
        uid = token.uid.strip()
        if not uid or len(uid) > UID_LENGTH_MAX:
            raise InvalidError(f"a token's uid has 1 to {UID_LENGTH_MAX} characters")
        if await self._store.get(token.tenant, token.folded):
            raise ConflictError(f"the token {uid} is there already; change it instead")
        added = replace(token, uid=uid)
        self._store.save(added)
        self._announce(TokenChanged(uid, token.status))
        return added

    async def change(self, tenant: TenantId, uid: str, changes: TokenChanges) -> Token:
        token = await self._known(tenant, uid)
        changed = replace(
            token,
            status=changes.status or token.status,
            group=token.group if changes.group is None else (changes.group or None),
            label=token.label if changes.label is None else changes.label,
            expires_at=None if changes.never_expires else changes.expires_at or token.expires_at,
            concurrent_max=(
                None if changes.any_number else changes.concurrent_max or token.concurrent_max
            ),
            kind=changes.kind or token.kind,
        )
        self._store.save(changed)
        self._announce(TokenChanged(changed.uid, changed.status))
        return changed

    async def remove(self, tenant: TenantId, uid: str) -> None:
        token = await self._known(tenant, uid)
        self._store.remove(token)
        self._announce(TokenChanged(token.uid, None))

    async def desk(self, tenant: TenantId, at: datetime) -> TokenRef:
        """The operator's own token, made when it is first needed."""
        if await self._store.get(tenant, DESK.folded) is None:
            self._store.save(
                Token(
                    tenant,
                    DESK.uid,
                    TokenKind.CENTRAL,
                    TokenStatus.ACTIVE,
                    created_at=at,
                    label="Dashboard",
                )
            )
        return DESK

    async def _known(self, tenant: TenantId, uid: str) -> Token:
        token = await self._store.get(tenant, TokenRef(uid).folded)
        if token is None:
            raise NotFoundError(f"there is no token {uid}")
        return token
