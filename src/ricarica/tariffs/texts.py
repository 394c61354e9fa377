"""Prices in words, for a driver at a station's display. They include VAT."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from babel.numbers import format_currency

from ricarica.tariffs.model import PERCENT, Prices
from ricarica.tariffs.plan import Text

FALLBACK = "en"
LENGTH_MAX = 512  # of a message of 2.0.1; 2.1 takes twice as many
PATTERN = "#,##0.00## ¤"


@dataclass(frozen=True, slots=True)
class Words:
    per_kwh: str
    per_minute: str
    per_idle_minute: str
    per_session: str
    free: str
    with_vat: str


WORDS: Mapping[str, Words] = {
    "en": Words(
        "{} per kWh",
        "{} per minute",
        "{} per minute after charging",
        "{} per session",
        "Free of charge",
        "including VAT",
    ),
    "it": Words(
        "{} al kWh",
        "{} al minuto",
        "{} al minuto dopo la ricarica",
        "{} a sessione",
        "Gratuito",
        "IVA inclusa",
    ),
    "de": Words(
        "{} je kWh",
        "{} je Minute",
        "{} je Minute nach dem Laden",
        "{} je Ladevorgang",
        "Kostenlos",
        "inkl. MwSt.",
    ),
    "fr": Words(
        "{} par kWh",
        "{} par minute",
        "{} par minute après la charge",
        "{} par session",
        "Gratuit",
        "TVA comprise",
    ),
    "es": Words(
        "{} por kWh",
        "{} por minuto",
        "{} por minuto tras la carga",
        "{} por sesión",
        "Gratis",
        "IVA incluido",
    ),
}


def spoken(language: str | None) -> str:
    """The language that we have words in, for one as a token or a station names it: de-CH, IT."""
    short = (language or "").replace("_", "-").partition("-")[0].casefold()
    return short if short in WORDS else FALLBACK


def text_of(prices: Prices, language: str | None = None) -> Text:
    """E.g. `0.61 € per kWh, 1.22 € per session (including VAT)`."""
    chosen = spoken(language)
    words = WORDS[chosen]
    parts = list(_parts(prices, words, chosen))
    if not parts:
        return Text(chosen, words.free)
    tail = f" ({words.with_vat})" if prices.vat_percent else ""
    return Text(chosen, (", ".join(parts) + tail)[:LENGTH_MAX])


def texts_of(prices: Prices) -> tuple[Text, ...]:
    """In every language there is."""
    return tuple(text_of(prices, language) for language in WORDS)


def _parts(prices: Prices, words: Words, language: str) -> Iterator[str]:
    for pattern, price in (
        (words.per_kwh, prices.per_kwh),
        (words.per_minute, prices.per_minute),
        (words.per_idle_minute, prices.per_idle_minute),
        (words.per_session, prices.per_session),
    ):
        if price:
            yield pattern.format(_shown(price, prices, language))


def _shown(price: Decimal, prices: Prices, language: str) -> str:
    with_vat = price * (1 + prices.vat_percent * PERCENT)
    shown = format_currency(
        with_vat, prices.currency, PATTERN, locale=language, currency_digits=False
    )
    # Displays of stations are not always sure of a space that is none.
    return shown.replace("\u00a0", " ").replace("\u202f", " ")
