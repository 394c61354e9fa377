"""The garbage collector, set for a process that lives long and keeps much."""

import gc

# A message makes some hundred objects, nearly all of which go by themselves when it is answered.
# At Python's 700 the collector would look for cycles every few messages, and find none.
YOUNG_MAX = 50_000
MIDDLE_MAX = 20
OLD_MAX = 50


def calm_collector() -> None:
    """What has been made until now stays for good, so it need never be looked through again."""
    gc.collect()
    gc.freeze()
    rarely_collect()


def rarely_collect() -> None:
    """For the start too: a tenth of it went into looking through all that is being loaded."""
    gc.set_threshold(YOUNG_MAX, MIDDLE_MAX, OLD_MAX)
