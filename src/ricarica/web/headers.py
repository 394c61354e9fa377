"""What browsers are told about every page: nothing may run or load that we did not build."""

from collections.abc import Mapping
from urllib.parse import urlsplit


def content_security_policy(tiles_url: str | None = None) -> str:
    """The policy the pages are built for: no inline script or style, nothing from elsewhere.

    Args:
        tiles_url: Address pattern of the operator's own map tiles, the one exception.
    """
    pictures = "'self'"
    if tiles_url:
        parts = urlsplit(tiles_url)
        pictures += f" {parts.scheme}://{parts.netloc.replace('{s}', '*')}"
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "font-src 'self'",
            "connect-src 'self'",
            f"img-src {pictures}",
            "form-action 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        )
    )


def page_headers(tiles_url: str | None = None) -> Mapping[str, str]:
    return {
        "Content-Security-Policy": content_security_policy(tiles_url),
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
