"""Numbers under which companies are taxed, as a driver types them in."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ricarica.kernel.ids import TenantId

# By the prefix that stands before it: what may follow. The European Union's, and its neighbours'.
FORMATS: Mapping[str, str] = {
    "AT": r"U\d{8}",
    "BE": r"[01]\d{9}",
    "BG": r"\d{9,10}",
    "CH": r"E\d{9}(MWST|TVA|IVA)?",
    "CY": r"\d{8}[A-Z]",
    "CZ": r"\d{8,10}",
    "DE": r"\d{9}",
    "DK": r"\d{8}",
    "EE": r"\d{9}",
    "EL": r"\d{9}",
    "ES": r"[A-Z0-9]\d{7}[A-Z0-9]",
    "FI": r"\d{8}",
    "FR": r"[A-HJ-NP-Z0-9]{2}\d{9}",
    "GB": r"(\d{9}|\d{12}|(GD|HA)\d{3})",
    "HR": r"\d{11}",
    "HU": r"\d{8}",
    "IE": r"(\d{7}[A-W][A-I]?|\d[A-Z+*]\d{5}[A-W])",
    "IT": r"\d{11}",
    "LT": r"(\d{9}|\d{12})",
    "LU": r"\d{8}",
    "LV": r"\d{11}",
    "MT": r"\d{8}",
    "NL": r"\d{9}B\d{2}",
    "NO": r"\d{9}(MVA)?",
    "PL": r"\d{10}",
    "PT": r"\d{9}",
    "RO": r"\d{2,10}",
    "SE": r"\d{12}",
    "SI": r"\d{8}",
    "SK": r"\d{10}",
    "SM": r"\d{5}",
    "XI": r"(\d{9}|\d{12}|(GD|HA)\d{3})",
}
PATTERNS = {country: re.compile(pattern) for country, pattern in FORMATS.items()}
LEFT_OUT = re.compile(r"[\s.\-/]")
ITALIAN_DIGITS = 11


class Standing(StrEnum):
    VALID = "valid"
    INVALID = "invalid"
    UNVERIFIED = "unverified"  # it looks right, and no register was asked yet


@dataclass(frozen=True, slots=True)
class Company:
    name: str
    address: str = ""
    city: str = ""
    postal_code: str = ""
    country: str = ""


@dataclass(frozen=True, slots=True)
class VatNumber:
    tenant: TenantId
    number: str  # as `normal` writes it
    asked_at: datetime
    standing: Standing = Standing.UNVERIFIED
    checked_at: datetime | None = None
    company: Company | None = None
    tried_at: datetime | None = None  # the register did not answer then


def normal(number: str) -> str:
    return LEFT_OUT.sub("", number).upper()


def is_well_formed(number: str) -> bool:
    """Whether it could be one: country, length and, where it is simple, the check digit."""
    country, rest = normal(number)[:2], normal(number)[2:]
    pattern = PATTERNS.get(country)
    if pattern is None or pattern.fullmatch(rest) is None:
        return False
    return _is_italian(rest) if country == "IT" else True


def _is_italian(digits: str) -> bool:
    """Luhn's rule: every second digit is doubled, and all digits together end in 0."""
    total = 0
    for place, digit in enumerate(map(int, digits)):
        doubled = digit * 2 if place % 2 else digit
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0
