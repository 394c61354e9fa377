"""What recurs in every installation, and the longest after which it does."""

from collections.abc import Mapping
from datetime import timedelta

from ricarica.app import moving, retention, security_rounds, watching
from ricarica.app.alerting import ABSENT, ABSENT_EVERY, HEED, HEED_EVERY
from ricarica.engine import file_timers
from ricarica.firmware.rollout import STEP_EVERY
from ricarica.transactions.watching import LOOK_EVERY

RECURRING: Mapping[str, timedelta] = {
    "tidy": retention.TIDY_EVERY,
    file_timers.LOOK: file_timers.LOOK_EVERY,
    "move_readings": moving.LOOK_AGAIN,
    "look_after": retention.LOOK_AFTER_EVERY,
    "look_after_security": security_rounds.LOOK_EVERY,
    "watch_limits": watching.LIMITS_EVERY,
    "watch_silent": LOOK_EVERY,
    HEED: HEED_EVERY,
    ABSENT: ABSENT_EVERY,
}
PAUSES: Mapping[str, timedelta] = {**RECURRING, file_timers.STEP: STEP_EVERY}
