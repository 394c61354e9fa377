"""/tariffs: prices."""

from dataclasses import dataclass
from decimal import Decimal

from litestar import get, post
from litestar.params import FromPath

from ricarica.access.model import Permission
from ricarica.kernel.errors import NotFoundError
from ricarica.kernel.ids import TariffId
from ricarica.kernel.slashes import name_in
from ricarica.slices import Slices
from ricarica.stations.queries import StationQueries
from ricarica.storage.pages import LIMIT_MAX, Wanted
from ricarica.tariffs.model import (
    NAME_LENGTH_MAX,
    PRICE_DECIMALS_MAX,
    PRICE_MAX,
    Prices,
    Tariff,
)
from ricarica.tariffs.queries import TariffQueries
from ricarica.tariffs.service import TariffChanges
from ricarica.web.builders.forms import (
    NAME_MISSING,
    NO_CURRENCY,
    NO_NUMBER,
    NO_PERCENT,
    NO_PRICE,
    UNCLEAR_NUMBER,
)
from ricarica.web.sessions import needs
from ricarica.web.typed import Form, decimal_in, fields_of, if_other, is_grouped
from ricarica.web.views.tariffs import TariffForm, TariffRow, TariffsPage
from ricarica.web.views.visit import Notice
from ricarica.web.visitor import Html, Visiting, Visitor

PRICE_FIELDS = ("per_kwh", "per_minute", "per_idle_minute", "per_session")
NUMBER_FIELDS = (*PRICE_FIELDS, "vat_percent")
PERCENT_MAX = Decimal(100)


@dataclass(frozen=True, slots=True)
class Filled:
    """What a form says, once it makes sense."""

    name: str
    prices: Prices
    is_default: bool


@get("/tariffs", opt=needs(Permission.READ))
async def tariffs_page(visitor: Visiting) -> Html:
    found = await TariffQueries(visitor.database).tariffs(visitor.tenant, Wanted(LIMIT_MAX))
    chosen = await StationQueries(visitor.database).tariffs_chosen(visitor.tenant)
    gone = sum(chosen.values()) - sum(chosen.get(tariff.id, 0) for tariff in found.items)
    rows = tuple(
        TariffRow(
            tariff.id,
            tariff.name,
            tariff.prices,
            tariff.is_default,
            # The default holds wherever none is chosen, or one that is gone.
            chosen.get(tariff.id, 0) + (gone if tariff.is_default else 0),
            tariff.revised_at,
        )
        for tariff in found.items
    )
    return await visitor.show(TariffsPage(rows))


@get("/tariffs/new", opt=needs(Permission.EDIT_TARIFFS))
async def new_form(visitor: Visiting) -> Html:
    return await visitor.show(TariffForm(currency=visitor.house.choices.currency))


@post("/tariffs/new", opt=needs(Permission.EDIT_TARIFFS))
async def add(visitor: Visiting) -> Html:
    filled = filled_from(visitor.form)
    if isinstance(filled, dict):
        return await _again(visitor, "", filled)

    async def work(slices: Slices) -> None:
        tariff = await slices.tariffs.add(
            Tariff(
                visitor.tenant,
                TariffId(slices.ids.new()),
                filled.name,
                filled.prices,
                created_at=slices.now,
                revised_at=slices.now,
                is_default=filled.is_default,
            )
        )
        visitor.audit(slices, "tariff.add", f"tariff:{tariff.id}", name=tariff.name)

    await visitor.carry_out(work)
    return visitor.lead_to("/tariffs", Notice.TARIFF_SAVED)


@get("/tariffs/{tariff:str}/edit", opt=needs(Permission.EDIT_TARIFFS))
async def edit_form(visitor: Visiting, tariff: FromPath[str]) -> Html:
    return await visitor.show(_form_of(visitor, await _known(visitor, tariff)))


@post("/tariffs/{tariff:str}/edit", opt=needs(Permission.EDIT_TARIFFS))
async def change(visitor: Visiting, tariff: FromPath[str]) -> Html:
    known = await _known(visitor, tariff)
    visitor.edits(fields_of(_form_of(visitor, known)))
    filled = filled_from(visitor.form)
    if isinstance(filled, dict):
        return await _again(visitor, known.id, filled)

    async def work(slices: Slices) -> None:
        # Only what is not so already: of the rest others may decide meanwhile.
        changes = TariffChanges(
            if_other(filled.name, known.name), if_other(filled.prices, known.prices)
        )
        changed = await slices.tariffs.change(visitor.tenant, known.id, changes, slices.now)
        if filled.is_default and not known.is_default:
            await slices.tariffs.make_default(visitor.tenant, known.id)
        elif changed.is_default and known.is_default and not filled.is_default:
            await slices.tariffs.clear_default(visitor.tenant)
        visitor.audit(slices, "tariff.change", f"tariff:{known.id}", revision=changed.revision)

    await visitor.carry_out(work)
    return visitor.lead_to("/tariffs", Notice.TARIFF_SAVED)


HANDLERS = (tariffs_page, new_form, add, edit_form, change)


async def _known(visitor: Visitor, part: str) -> Tariff:
    name = name_in(part)
    known = await TariffQueries(visitor.database).tariff(visitor.tenant, TariffId(name))
    if known is None:
        raise NotFoundError(f"there is no tariff {name}")
    return known


# -- what was typed


def _form_of(visitor: Visitor, known: Tariff) -> TariffForm:
    prices, formats = known.prices, visitor.formats

    def shown(number: Decimal) -> str:
        """Not at all where nothing is charged."""
        return formats.typed(number) if number else ""

    return TariffForm(
        known.id,
        is_new=False,
        name=known.name,
        currency=prices.currency,
        per_kwh=shown(prices.per_kwh),
        per_minute=shown(prices.per_minute),
        per_idle_minute=shown(prices.per_idle_minute),
        per_session=shown(prices.per_session),
        vat_percent=shown(prices.vat_percent),
        is_default=known.is_default,
    )


def filled_from(form: Form) -> Filled | dict[str, str]:
    """What the form says, or what is wrong with it."""
    errors: dict[str, str] = {}
    name, currency = form.get("name", "").strip(), form.get("currency", "").strip().upper()
    if not 0 < len(name) <= NAME_LENGTH_MAX:
        errors["name"] = NAME_MISSING
    if not (len(currency) == 3 and currency.isascii() and currency.isalpha()):
        errors["currency"] = NO_CURRENCY
    numbers = {field: number_from(form.get(field, "")) for field in NUMBER_FIELDS}
    errors.update({field: NO_NUMBER for field, number in numbers.items() if number is None})
    errors.update({field: UNCLEAR_NUMBER for field in NUMBER_FIELDS if is_grouped(form, field)})
    prices = {field: number or Decimal(0) for field, number in numbers.items()}
    for field in PRICE_FIELDS:
        if not _is_price(prices[field]):
            errors[field] = NO_PRICE
    if not 0 <= prices["vat_percent"] <= PERCENT_MAX or not _is_price(prices["vat_percent"]):
        errors["vat_percent"] = NO_PERCENT
    return errors or Filled(name, Prices(currency, **prices), form.get("is_default") == "true")


def number_from(typed: str) -> Decimal | None:
    """With a point or a comma before the decimals; nothing typed is nothing to pay."""
    return decimal_in(typed.strip() or "0")


def _is_price(number: Decimal) -> bool:
    return 0 <= number <= PRICE_MAX and number == round(number, PRICE_DECIMALS_MAX)


async def _again(visitor: Visitor, tariff: str, errors: dict[str, str]) -> Html:
    """The form as it was typed, with what is wrong."""
    form = visitor.form
    view = TariffForm(
        tariff,
        is_new=not tariff,
        name=form.get("name", ""),
        currency=form.get("currency", ""),
        per_kwh=form.get("per_kwh", ""),
        per_minute=form.get("per_minute", ""),
        per_idle_minute=form.get("per_idle_minute", ""),
        per_session=form.get("per_session", ""),
        vat_percent=form.get("vat_percent", ""),
        is_default=form.get("is_default") == "true",
        errors=errors,
    )
    return await visitor.show(view, 422)
