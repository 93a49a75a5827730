"""What a give-back costs beside the bare client: on both emulated clouds, as ratios within one run.

Run: python -m tests.bench.bench_give_back. Budget: at most 2 times the bare client doing the same by hand: the balancer
or service found by its name, one write of the traffic, a look at what is there then. Once with a client made anew, as
a command finds it, once with one that is ready, so that making it hides nothing.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headgate.traffic.alb import AlbTraffic
from headgate.traffic.cloud_run import CloudRunTraffic
from headgate.traffic.port import TrafficPort
from tests.support.emulators import announced

RUNS = 15
BUDGET = 2.0  # times the bare client
NAME = "gf-bench"
ION = "projects/p/locations/us-central1/services/ion"
BY_REVISION = "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION"


@dataclass(frozen=True)
class Cost:
    """Seconds, the median of RUNS: a give-back and the bare client by hand, with a client made anew and with one that
    is ready; and the bare client's write alone, all ids known."""

    cloud: str
    ours_anew: float
    bare_anew: float
    ours_ready: float
    bare_ready: float
    write: float

    @property
    def ratio(self) -> float:
        """The worse of the two."""
        return max(self.ours_anew / self.bare_anew, self.ours_ready / self.bare_ready)

    def __str__(self) -> str:
        rows = (
            ("client made anew", self.ours_anew, self.bare_anew),
            ("client ready", self.ours_ready, self.bare_ready),
        )
        lines = [
            f"{self.cloud:8}{what:18}give-back {_ms(ours)}   bare client {_ms(bare)}   ratio {ours / bare:4.2f}"
            for what, ours, bare in rows
        ]
        verdict = "within" if self.ratio <= BUDGET else "OVER"
        return "\n".join(
            [*lines, f"{self.cloud:8}{verdict} the budget of {BUDGET:g}; the bare write alone {_ms(self.write)}"]
        )


def medians(before: Callable[[], Any], *works: Callable[[], Any]) -> list[float]:
    """Seconds of each work, taken in turn so that a busy moment meets all of them; `before` each, untimed."""
    taken: list[list[float]] = [[] for _ in works]
    for _ in range(RUNS + 1):
        for times, work in zip(taken, works, strict=True):
            before()
            started = time.perf_counter()
            work()
            times.append(time.perf_counter() - started)
    return [statistics.median(times[1:]) for times in taken]  # the first imports and loads


def on_aws(url: str) -> Cost:
    """A listener at 50/50 with a cookie, given back."""
    import boto3

    def client() -> Any:
        return boto3.session.Session("sandbox", "sandbox", region_name="us-east-1").client("elbv2", endpoint_url=url)

    elb = client()
    ec2 = boto3.session.Session("sandbox", "sandbox", region_name="us-east-1").client("ec2", endpoint_url=url)
    subnets = ec2.describe_subnets()["Subnets"][:2]
    balancer = elb.create_load_balancer(Name=NAME, Subnets=[each["SubnetId"] for each in subnets])["LoadBalancers"][0]
    groups = [
        elb.create_target_group(
            Name=f"{NAME}-{slot}", Protocol="HTTP", Port=8080, VpcId=subnets[0]["VpcId"], TargetType="ip",
            Tags=[{"Key": "slot", "Value": slot}],
        )["TargetGroups"][0]["TargetGroupArn"]
        for slot in ("blue", "green")
    ]  # fmt: skip

    def actions(blue: int, *, sticky: bool) -> list[dict[str, Any]]:
        weights = [
            {"TargetGroupArn": arn, "Weight": each} for arn, each in zip(groups, (blue, 100 - blue), strict=True)
        ]
        held = {"Enabled": sticky, "DurationSeconds": 300}
        return [{"Type": "forward", "ForwardConfig": {"TargetGroups": weights, "TargetGroupStickinessConfig": held}}]

    arn = elb.create_listener(
        LoadBalancerArn=balancer["LoadBalancerArn"], Protocol="HTTP", Port=443,
        DefaultActions=actions(50, sticky=True), Tags=[{"Key": "headgate-role", "Value": "traffic"}],
    )["Listeners"][0]["ListenerArn"]  # fmt: skip

    def bare(mine: Any) -> None:
        found = mine.describe_load_balancers(Names=[NAME])["LoadBalancers"][0]["LoadBalancerArn"]
        listener = mine.describe_listeners(LoadBalancerArn=found)["Listeners"][0]["ListenerArn"]
        mine.modify_listener(ListenerArn=listener, DefaultActions=actions(100, sticky=False))
        mine.describe_listeners(ListenerArns=[listener])

    def port() -> AlbTraffic:
        return AlbTraffic(NAME, ("blue", "green"), region="us-east-1", endpoint=url)

    ready = port()
    times = medians(
        lambda: elb.modify_listener(ListenerArn=arn, DefaultActions=actions(50, sticky=True)),
        lambda: given_back(port(), "blue"),
        lambda: bare(client()),
        lambda: given_back(ready, "blue"),
        lambda: bare(elb),
        lambda: elb.modify_listener(ListenerArn=arn, DefaultActions=actions(100, sticky=False)),
    )
    return Cost("AWS", *times)


def on_google(url: str) -> Cost:
    """A service at 50/50, given back."""
    from google.cloud.run_v2 import Service, ServicesClient, UpdateServiceRequest
    from google.oauth2.credentials import Credentials

    def client() -> Any:
        return ServicesClient(
            credentials=Credentials("sandbox"), transport="rest", client_options={"api_endpoint": f"{url}/run"}
        )

    def traffic(share: int) -> list[dict[str, Any]]:
        shares = {"ion-a": share, "ion-b": 100 - share}
        return [{"type_": BY_REVISION, "revision": name, "percent": each} for name, each in shares.items()]

    def body(letter: str, share: int) -> Any:
        container = {"image": f"us-docker.pkg.dev/p/r/ion@sha256:{letter * 64}"}
        template = {"revision": f"ion-{letter}", "containers": [container]}
        return Service({"template": template, "traffic": traffic(share)[: 1 if share == 100 else 2]})

    run = client()
    run.create_service(parent=ION.rpartition("/services")[0], service=body("a", 100), service_id="ion").result()
    second = body("b", 50)
    second.name = ION
    run.update_service(service=second).result()

    def write(mine: Any, share: int, etag: str = "") -> None:
        service = {"name": ION, "traffic": traffic(share), "etag": etag}
        mine.update_service(request=UpdateServiceRequest(service=service, update_mask={"paths": ["traffic"]})).result()

    def bare(mine: Any) -> None:
        write(mine, 100, mine.get_service(name=ION).etag)
        mine.get_service(name=ION)

    def port() -> CloudRunTraffic:
        return CloudRunTraffic("ion", "p", "us-central1", f"{url}/run/v2/")

    ready = port()
    times = medians(
        lambda: write(run, 50),
        lambda: given_back(port(), "ion-a"),
        lambda: bare(client()),
        lambda: given_back(ready, "ion-a"),
        lambda: bare(run),
        lambda: write(run, 100),
    )
    return Cost("Google", *times)


def given_back(port: TrafficPort, to: str) -> None:
    """Raises AssertionError unless everything is with `to` after one write."""
    back = port.give_back(to)
    assert back.done, back
    assert back.writes == 1, back


@contextmanager
def emulator(module: str) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder, announced(module, Path(folder)) as told:
        yield str(told["url"])


def main() -> int:
    """Prints a line per cloud; 1 when one is over its budget."""
    os.environ |= {
        "AWS_ACCESS_KEY_ID": "sandbox", "AWS_SECRET_ACCESS_KEY": "sandbox", "GOOGLE_OAUTH_ACCESS_TOKEN": "sandbox",
    }  # fmt: skip
    costs = []
    for module, measured in (("sandbox.aws.server", on_aws), ("sandbox.google", on_google)):
        with emulator(module) as url:
            costs.append(measured(url))
            sys.stdout.write(f"{costs[-1]}\n")
    return int(any(cost.ratio > BUDGET for cost in costs))


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:6.1f} ms"


if __name__ == "__main__":
    sys.exit(main())
