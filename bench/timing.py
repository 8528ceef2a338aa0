"""Taking the time of a call."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable


def timed(call: Callable[[str], object], questions: list[str]) -> tuple[float, float]:
    """Return the median and the 95th percentile in milliseconds."""
    took = []
    for question in questions:
        start = time.perf_counter()
        call(question)
        took.append((time.perf_counter() - start) * 1000)
    return statistics.median(took), statistics.quantiles(took, n=20)[-1]
