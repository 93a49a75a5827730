"""Sets of limits to start from, written as a plan writes limits, each figure with its source behind it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

PRESETS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "greenflow": {
            "error_rate": {
                # R-B9 yellow: the runbook of GreenFlow has no figure for "keep watching" (R-A8).
                "hold": "0.5%",
                "rollback": "1%",  # R-A10, R-A11
            },
            "p95_ms": {
                "hold": "200ms",  # R-B9 yellow, as above
                "rollback": "500ms",  # R-A4, R-A10, R-A11
            },
            "throughput_rps": {"hold": "100/s"},  # R-A4
            "memory": {"hold": "70%", "rollback": "85%"},  # watched by R-A6; figures of R-B9
            "cpu": {"hold": "70%", "rollback": "90%"},  # watched by R-A6; figures of R-B9
            "min_requests": 10,  # R-B6
        },
        "ion": {
            "error_rate": {
                "hold": "0.5%",  # R-B7, R-B10
                "rollback": "1%",  # R-B8
                "readings": 3,  # R-B8
            },
            "p95_ms": {
                "hold": "100ms",  # R-B7, R-B10
                "rollback": "200ms",  # R-B8
            },
            "p99_ms": {"hold": "300ms"},  # R-B12: a rollback is to be considered, so people decide
            "turn_p95_ms": {"hold": "200ms"},  # R-B7
            "availability": {"hold": "99.95%"},  # R-B7, R-B10
            "memory": {"hold": "70%", "rollback": "85%"},  # R-B9
            "memory_bytes": {"rollback": "2GB"},  # R-B8
            "memory_growth_per_hour": {
                "hold": "1%/h",  # R-B11: from here on a patch is prepared
                "rollback": "5%/h",  # R-B11
            },
            "cpu": {"hold": "70%", "rollback": "90%"},  # R-B9
            "consecutive_failures": {"rollback": 10},  # R-B8
            "min_requests": 10,  # R-B6
            "interval": "60s",  # R-B6
        },
        # R-B9 alone: hold is the yellow flag, rollback the red one.
        "flags": {
            "error_rate": {"hold": "0.5%", "rollback": "1%"},
            "p95_ms": {"hold": "200ms", "rollback": "500ms"},
            "memory": {"hold": "70%", "rollback": "85%"},
            "cpu": {"hold": "70%", "rollback": "90%"},
        },
    }
)
