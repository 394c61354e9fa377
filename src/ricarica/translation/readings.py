"""Measured values of either family, in base units. Pure."""

from decimal import Decimal, InvalidOperation

from ricarica.transactions.readings import Context, Measurand

DEFAULT_MEASURAND = "Energy.Active.Import.Register"  # both families, when none is named
MEASURANDS = {
    member.name.replace("_", ".").casefold(): member
    for member in Measurand
    if member is not Measurand.OTHER
}
CONTEXTS = {
    "Transaction.Begin": Context.BEGIN,
    "Transaction.End": Context.END,
    "Sample.Periodic": Context.PERIODIC,
    "Sample.Clock": Context.CLOCK,
    "Trigger": Context.TRIGGER,
    "Interruption.Begin": Context.INTERRUPTION_BEGIN,
    "Interruption.End": Context.INTERRUPTION_END,
}
KILO = Decimal(1000)
DIGITS_MAX = 30  # before or behind the point; beyond it is no reading but a fault
MEGA = KILO * KILO
OF_ENERGY = {"wh": Decimal(1), "kwh": KILO, "mwh": MEGA}
FACTORS = OF_ENERGY | {
    unit: factor
    for prefix, factor in (("k", KILO), ("m", MEGA))
    for unit in (f"{prefix}varh", f"{prefix}vah", f"{prefix}w", f"{prefix}var", f"{prefix}va")
}


def measurand_from(word: str | None, unit: str | None = None) -> tuple[Measurand, str | None]:
    """The measurand, or OTHER with the station's own word.

    Left out, it is the energy register; but not when the unit says that it cannot be.
    """
    if word is None and unit is not None and unit.casefold() not in OF_ENERGY:
        return Measurand.OTHER, unit
    spelled = word or DEFAULT_MEASURAND
    known = MEASURANDS.get(spelled.casefold())
    return (known, None) if known is not None else (Measurand.OTHER, spelled)


def context_from(word: str | None) -> Context:
    return Context.PERIODIC if word is None else CONTEXTS.get(word, Context.OTHER)


def in_base_unit(value: Decimal, unit: str | None, multiplier: int = 0) -> Decimal:
    """In Wh, W, A, V, Hz, % or °C."""
    scaled = value.scaleb(multiplier) if multiplier else value
    if unit is None:
        return scaled
    if (factor := FACTORS.get(unit.casefold())) is not None:
        return scaled * factor
    if unit == "K":
        return scaled - Decimal("273.15")
    if unit == "Fahrenheit":
        return (scaled - 32) * 5 / 9
    return scaled


def number_from(text: str) -> Decimal | None:
    """None for what is no number, e.g. a signed block."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    # What `is_measurable` says, without calling it: there are five in a message.
    return value if value.is_finite() and abs(value.adjusted()) < DIGITS_MAX else None


def is_measurable(value: Decimal, multiplier: int = 0) -> bool:
    """Whether anything in the world could measure that times ten to the power of `multiplier`."""
    return value.is_finite() and abs(value.adjusted() + multiplier) < DIGITS_MAX
