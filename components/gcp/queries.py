"""What Cloud Monitoring is asked about a service: PromQL with one answer for each revision. No Pulumi here.

Names are those of Cloud Monitoring's own metrics written as PromQL wants them: the first `/` becomes `:`, every other
special character `_`, and a distribution is read by its `_bucket` series (Cloud Monitoring documentation, "Mapping
Cloud Monitoring metrics to PromQL"). Cloud Run writes each metric once a minute.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

METRIC_PREFIX = "run_googleapis_com:"
REVISION = "revision_name"
QUANTILES: Mapping[str, float] = MappingProxyType({"p50_ms": 0.5, "p95_ms": 0.95, "p99_ms": 0.99})
FULLEST = 0.99  # of the instances' use of memory and CPU: the fullest one, short of a single outlier
GROWTH_WINDOW = "10m"  # of memory in use, compared with the same an hour earlier

_SPECIAL = re.compile(r"[^a-zA-Z0-9_]")
_NAME = re.compile(r"[a-z][a-z0-9-]*")


@dataclass(frozen=True, slots=True)
class Queries:
    """Queries about one service. `window`: seconds over which requests are counted; `memory_bytes`: an instance's."""

    service: str
    window: int
    memory_bytes: int

    def __post_init__(self) -> None:
        """Raises ValueError when the service's name would not survive in a query, or the window is too short."""
        if _NAME.fullmatch(self.service) is None:
            raise ValueError(f"service: found {self.service!r}; expected a-z, 0-9 and -. Rename it.")
        if self.window < 60:
            raise ValueError(f"window: found {self.window} s; expected at least 60 s, Cloud Run's own interval.")

    def selector(self, **more: str) -> str:
        """Labels that pick the service's series, with `more` of them."""
        labels = {"monitored_resource": "cloud_run_revision", "service_name": self.service, **more}
        return "{" + ",".join(f'{key}="{value}"' for key, value in labels.items()) + "}"

    def requests(self, **more: str) -> str:
        """Requests in the window."""
        return self._sum(f"increase({METRIC_PREFIX}request_count{self.selector(**more)}[{self.window}s])")

    def throughput(self, **more: str) -> str:
        """Requests a second."""
        return self._sum(f"rate({METRIC_PREFIX}request_count{self.selector(**more)}[{self.window}s])")

    def failures(self, **more: str) -> str:
        """Requests in the window that were answered with a server's error."""
        return self.requests(response_code_class="5xx", **more)

    def error_rate(self, **more: str) -> str:
        """Share of the requests that failed. There is no answer without a failure."""
        return f"{self.failures(**more)} / {self.requests(**more)}"

    def error_rate_or_zero(self, **more: str) -> str:
        """The same, and 0 without a failure: for people who look, not for alerts."""
        requests = self.requests(**more)
        return f"({self.failures(**more)} or 0 * {requests}) / {requests}"

    def latency(self, quantile: float, **more: str) -> str:
        """Milliseconds that `quantile` of the requests stay under, from the merged histogram of all instances."""
        return self._quantile(quantile, f"{METRIC_PREFIX}request_latencies_bucket", self.selector(**more))

    def turn_latency(self, quantile: float) -> str:
        """Milliseconds that `quantile` of the conversation turns stay under; the application logs them."""
        metric = log_metric(turn_metric(self.service))
        return self._quantile(quantile, f"{metric}_bucket", self.selector())

    def memory(self, **more: str) -> str:
        """Memory in use, share of the limit."""
        return self._quantile(FULLEST, f"{METRIC_PREFIX}container_memory_utilizations_bucket", self.selector(**more))

    def memory_in_bytes(self) -> str:
        """Memory in use by one instance. Cloud Run reports shares, so it is the share of the limit."""
        return f"{self.memory()} * {self.memory_bytes}"

    def memory_growth_per_hour(self) -> str:
        """By how much the share of memory in use is larger than an hour ago."""
        buckets = f"{METRIC_PREFIX}container_memory_utilizations_bucket{self.selector()}"
        now, then = (
            f"histogram_quantile(0.5, sum by (le, {REVISION}) (increase({buckets}[{GROWTH_WINDOW}]{offset})))"
            for offset in ("", " offset 1h")
        )
        return f"{now} - {then}"

    def cpu(self, **more: str) -> str:
        """CPU in use, share of the limit."""
        return self._quantile(FULLEST, f"{METRIC_PREFIX}container_cpu_utilizations_bucket", self.selector(**more))

    def instances(self, **more: str) -> str:
        """Instances there are."""
        return self._sum(f"{METRIC_PREFIX}container_instance_count{self.selector(**more)}")

    def failures_in_a_row(self) -> str:
        """Failed requests of the window in which none was answered well.

        Metrics have lost the order of requests, so a row is seen only when nothing else happens in the window.
        """
        failed = log_metric(failure_metric(self.service))
        row = self._sum(f"increase({failed}{self.selector()}[{self.window}s])")
        well = self.selector().removesuffix("}") + ',response_code_class!="5xx"}'
        return f"{row} unless {self._sum(f'increase({METRIC_PREFIX}request_count{well}[{self.window}s])')} > 0"

    def enough_requests(self, least: int) -> str:
        """True for the revisions that had at least `least` requests in the window."""
        return f"{self.requests()} >= {least}"

    def _sum(self, series: str) -> str:
        return f"sum by ({REVISION}) ({series})"

    def _quantile(self, quantile: float, buckets: str, selector: str) -> str:
        increase = f"increase({buckets}{selector}[{self.window}s])"
        return f"histogram_quantile({quantile:g}, sum by (le, {REVISION}) ({increase}))"


def failure_metric(service: str) -> str:
    """Name of the log-based metric that counts the service's failed requests."""
    return f"{service}-failed-requests"


def error_metric(service: str) -> str:
    """Name of the log-based metric that counts the errors the service logs."""
    return f"{service}-logged-errors"


def turn_metric(service: str) -> str:
    """Name of the log-based metric of the milliseconds that conversation turns take."""
    return f"{service}-turn-latency"


def log_metric(name: str) -> str:
    """A log-based metric as PromQL names it."""
    return f"logging_googleapis_com:user_{_SPECIAL.sub('_', name)}"
