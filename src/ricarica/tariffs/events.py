from dataclasses import dataclass

from ricarica.kernel.ids import StationKey, TariffId


@dataclass(frozen=True, slots=True)
class TariffChanged:
    """An operator added, changed or removed a tariff, or made it the default."""

    tariff: TariffId
    revision: int | None  # None: it is gone
    station: StationKey | None = None
