"""/tariffs: prices."""

from datetime import datetime
from decimal import Decimal

from litestar import delete, get, patch, post
from litestar.params import FromPath, JSONBody
from msgspec import UNSET, Struct, UnsetType

from ricarica.access.model import Permission
from ricarica.api.caller import Asking, Caller, require
from ricarica.api.gate import needs
from ricarica.api.replies import Page, PageWanted, page_from, plain
from ricarica.kernel.errors import InvalidError, NotFoundError
from ricarica.kernel.ids import TariffId, TenantId
from ricarica.slices import Slices
from ricarica.tariffs.model import Prices, Tariff
from ricarica.tariffs.queries import TariffQueries
from ricarica.tariffs.service import TariffChanges

NOTHING = Decimal(0)


class PricesBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Without VAT. A minute in which the car asks for nothing costs `per_idle_minute`."""

    currency: str
    per_kwh: Decimal = NOTHING
    per_minute: Decimal = NOTHING
    per_idle_minute: Decimal = NOTHING
    per_session: Decimal = NOTHING
    vat_percent: Decimal = NOTHING


class TariffReply(Struct, frozen=True):
    id: str
    name: str
    prices: PricesBody
    is_default: bool
    revision: int
    created_at: datetime
    revised_at: datetime


class NewTariff(Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    prices: PricesBody
    is_default: bool = False


class TariffPatch(Struct, frozen=True, forbid_unknown_fields=True):
    """What is left out stays. Prices are replaced as a whole, and make a new revision."""

    name: str | UnsetType = UNSET
    prices: PricesBody | UnsetType = UNSET
    is_default: bool | UnsetType = UNSET


@get("/tariffs", opt=needs(Permission.READ), tags=["Tariffs"])
async def list_tariffs(caller: Asking, page: PageWanted) -> Page[TariffReply]:
    """Tariffs by name, each in its latest revision."""
    rows = await TariffQueries(caller.database).tariffs(caller.tenant, page)
    return page_from(rows, tariff_reply)


@get("/tariffs/{tariff:str}", opt=needs(Permission.READ), tags=["Tariffs"])
async def get_tariff(caller: Asking, tariff: FromPath[str]) -> TariffReply:
    """One tariff in its latest revision."""
    found = await TariffQueries(caller.database).tariff(caller.tenant, TariffId(tariff))
    return tariff_reply(require(found, f"tariff {tariff}"))


@post("/tariffs", opt=needs(Permission.EDIT_TARIFFS), tags=["Tariffs"])
async def add_tariff(caller: Asking, data: JSONBody[NewTariff]) -> TariffReply:
    """Add a tariff; as the default, it holds wherever no other is chosen."""

    async def add(slices: Slices) -> TariffReply:
        tariff = await slices.tariffs.add(
            Tariff(
                caller.tenant,
                TariffId(slices.ids.new()),
                data.name,
                _prices(data.prices),
                created_at=slices.now,
                revised_at=slices.now,
                is_default=data.is_default,
            )
        )
        caller.audit(slices, "tariff.add", f"tariff:{tariff.id}", name=tariff.name)
        return tariff_reply(tariff)

    return await caller.once(TariffReply, add)


@patch("/tariffs/{tariff:str}", opt=needs(Permission.EDIT_TARIFFS), tags=["Tariffs"])
async def change_tariff(
    caller: Asking, tariff: FromPath[str], data: JSONBody[TariffPatch]
) -> TariffReply:
    """Rename a tariff, change its prices, make it the default or stop it being that.

    Transactions that have begun keep the prices they began with.
    """

    async def change(slices: Slices) -> TariffReply:
        changed = await _changed(slices, caller, TariffId(tariff), data)
        caller.audit(slices, "tariff.change", f"tariff:{tariff}", revision=changed.revision)
        return tariff_reply(changed)

    return await caller.carry_out(change)


@delete("/tariffs/{tariff:str}", opt=needs(Permission.EDIT_TARIFFS), tags=["Tariffs"])
async def remove_tariff(caller: Asking, tariff: FromPath[str]) -> None:
    """Stations and sites that chose it fall back to the default."""

    async def remove(slices: Slices) -> None:
        await slices.tariffs.remove(caller.tenant, TariffId(tariff))
        caller.audit(slices, "tariff.remove", f"tariff:{tariff}")

    await caller.carry_out(remove)


HANDLERS = (list_tariffs, get_tariff, add_tariff, change_tariff, remove_tariff)


async def _changed(slices: Slices, caller: Caller, tariff: TariffId, data: TariffPatch) -> Tariff:
    changes = TariffChanges(
        name=None if data.name is UNSET else data.name,
        prices=None if data.prices is UNSET else _prices(data.prices),
    )
    changed = await slices.tariffs.change(caller.tenant, tariff, changes, slices.now)
    if data.is_default is True and not changed.is_default:
        return await slices.tariffs.make_default(caller.tenant, tariff)
    if data.is_default is False and changed.is_default:
        await slices.tariffs.clear_default(caller.tenant)
        return await slices.tariffs.get(caller.tenant, tariff)
    return changed


def tariff_reply(tariff: Tariff) -> TariffReply:
    prices = tariff.prices
    return TariffReply(
        tariff.id,
        tariff.name,
        PricesBody(
            prices.currency,
            plain(prices.per_kwh),
            plain(prices.per_minute),
            plain(prices.per_idle_minute),
            plain(prices.per_session),
            plain(prices.vat_percent),
        ),
        tariff.is_default,
        tariff.revision,
        tariff.created_at,
        tariff.revised_at,
    )


def _prices(body: PricesBody) -> Prices:
    return Prices(
        body.currency,
        body.per_kwh,
        body.per_minute,
        body.per_idle_minute,
        body.per_session,
        body.vat_percent,
    )


async def check_tariff(slices: Slices, tenant: TenantId, tariff: TariffId) -> None:
    """Whether a site or a station may choose it."""
    try:
        await slices.tariffs.get(tenant, tariff)
    except NotFoundError as error:
        raise InvalidError(f"tariff: {error}") from error
