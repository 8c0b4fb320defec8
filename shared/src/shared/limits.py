"""Rate limits per caller, in this process: enough to keep one caller from taking what is everybody's."""

import hashlib
import time
from collections.abc import Callable

from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter


def limiter(rule: str) -> Callable[[str], float]:
    """A check for a rule such as `600/minute`: seconds the named caller has to wait, 0 when there is room."""
    item = parse(rule)
    window = MovingWindowRateLimiter(MemoryStorage())

    def check(caller: str) -> float:
        mark = hashlib.sha256(caller.encode()).hexdigest()
        if window.hit(item, mark):
            return 0.0
        return max(0.001, window.get_window_stats(item, mark).reset_time - time.time())

    return check
