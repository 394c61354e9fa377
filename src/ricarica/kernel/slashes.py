"""A slash that belongs to a name, kept apart from those between the parts of an address."""

# A private character of Unicode in its place, until the address has been cut into parts.
SLASH_WITHIN = "\ue02f"


def name_in(part: str) -> str:
    """The name that a part of an address carries."""
    return part.replace(SLASH_WITHIN, "/")
