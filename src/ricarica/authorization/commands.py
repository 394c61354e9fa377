from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ClearCache:
    """Forget which tokens were accepted. C11"""
