"""Money: exact inside, rounded once, when it is shown on a bill."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from ricarica.kernel.errors import RicaricaError

# ISO 4217: currencies whose smallest unit is not a hundredth.
# fmt: off
MINOR_DIGITS = {
    "BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0,
    "RWF": 0, "UGX": 0, "UYI": 0, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
    "BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3,
}
# fmt: on


class CurrencyMismatchError(RicaricaError):
    """Two amounts of different currencies cannot be added; bill them apart."""


@dataclass(frozen=True, slots=True)
class Money:
    """An amount of a currency; `currency` is an ISO 4217 code such as EUR."""

    amount: Decimal
    currency: str

    def __add__(self, other: "Money") -> "Money":
        if other.currency != self.currency:
            raise CurrencyMismatchError(f"cannot add {other.currency} to {self.currency}")
        return Money(self.amount + other.amount, self.currency)

    def rounded(self) -> "Money":
        """To the currency's smallest unit, half away from zero."""
        unit = Decimal(1).scaleb(-MINOR_DIGITS.get(self.currency, 2))
        return Money(self.amount.quantize(unit, rounding=ROUND_HALF_UP), self.currency)
