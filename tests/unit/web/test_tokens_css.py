"""The colours of tokens.css, measured: what people read for eight hours has contrast enough."""

import math
import re
from functools import cache

import pytest

from ricarica.web.rendering import TEMPLATES

CSS = (TEMPLATES.parent / "assets" / "tokens.css").read_text("utf-8")
SCHEMES = ("light", "dark")
PAPERS = ("paper", "paper-sunk", "paper-raised")
INKS = (
    "ink",
    "ink-soft",
    "ink-faint",
    "current",
    "status-available",
    "status-occupied",
    "status-suspended",
    "status-reserved",
    "status-faulted",
)
TEXT_CONTRAST_MIN = 4.5  # WCAG 2.2, 1.4.3 AA
EDGE_CONTRAST_MIN = 3.0  # WCAG 2.2, 1.4.11


def luminance(lightness: float, chroma: float, hue: float) -> float:
    """Relative luminance of an OKLCH colour, by Ottosson's matrices; outside sRGB it is cut."""
    a, b = (chroma * turn(math.radians(hue)) for turn in (math.cos, math.sin))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    red = 4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short
    green = -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short
    blue = -0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short
    cut = (min(max(part, 0.0), 1.0) for part in (red, green, blue))
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), cut, strict=True))


@cache
def brightness(token: str, scheme: str) -> float:
    pair = re.search(rf"--{token}: light-dark\((oklch\([^)]*\)), (oklch\([^)]*\))\)", CSS)
    assert pair, f"{token} names a light and a dark colour"
    lightness, chroma, hue = re.findall(r"[\d.]+", pair[1 + SCHEMES.index(scheme)])
    return luminance(float(lightness) / 100, float(chroma), float(hue))


def contrast(one: str, other: str, scheme: str) -> float:
    low, high = sorted((brightness(one, scheme), brightness(other, scheme)))
    return (high + 0.05) / (low + 0.05)


def test_the_measure_agrees_with_known_values() -> None:
    assert luminance(1, 0, 0) == pytest.approx(1, abs=1e-6)
    assert luminance(0.627955, 0.257683, 29.2339) == pytest.approx(0.2126, abs=1e-3)  # pure red


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("paper", PAPERS)
@pytest.mark.parametrize("ink", INKS)
def test_every_ink_can_be_read_on_every_paper(ink: str, paper: str, scheme: str) -> None:
    assert contrast(ink, paper, scheme) >= TEXT_CONTRAST_MIN


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("edge", ["control-edge", "focus"])
def test_fields_and_focus_stand_out(edge: str, scheme: str) -> None:
    assert min(contrast(edge, paper, scheme) for paper in PAPERS) >= EDGE_CONTRAST_MIN


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("wash", ["current-wash", "wash-warning", "wash-danger"])
def test_ink_can_be_read_on_every_wash(wash: str, scheme: str) -> None:
    assert contrast("ink", wash, scheme) >= TEXT_CONTRAST_MIN
