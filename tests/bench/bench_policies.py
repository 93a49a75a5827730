"""What the policy pack costs: per resource and per 100 resources, and how long it takes to start.

Run: python -m tests.bench.bench_policies. Budget: 2 s for 100 resources of a real stack and all rules, on one core.
The comparison is the same rules behind the SDK's own servicer, which reads every resource once per policy.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pulumi.runtime import proto
from pulumi_policy import EnforcementLevel
from pulumi_policy import policy as sdk

from policies import pack
from tests.support.policy_cases import CASES
from tests.support.servicer import Declared, FixedSession, Pack
from tests.unit.policies.test_rollout import CHANGE, ROLLOUT

RESOURCES = 100
BUDGET = 2.0  # seconds
EXECUTABLE = Path(__file__).resolve().parents[2] / "policies/headgate-policies"
# Types of GreenFlow that no rule but required-tags looks at, and some that none does.
OTHERS = ("aws:iam/role:Role", "aws:kms/key:Key", "aws:ec2/routeTable:RouteTable", "aws:ec2/route:Route")


def stack() -> list[Declared]:
    """A stack of RESOURCES resources: one Rollout, and every type that rules look at in turn, others between."""
    good = {case.type: dict(case.good) for case in CASES}
    types = [token for pair in zip(good, OTHERS * len(good), strict=False) for token in pair]
    declared = [Declared(ROLLOUT, "rollout", CHANGE)]
    for number in range(RESOURCES - 1):
        token = types[number % len(types)]
        declared.append(
            Declared(token, f"r{number}", good.get(token, {"tags": good["aws:rds/instance:Instance"]["tags"]}))
        )
    return declared


def seconds(work: Callable[[], Any], repeat: int = 5) -> float:
    """Best of `repeat` runs: the machine may be busy with something else."""
    best = float("inf")
    for _ in range(repeat):
        started = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - started)
    return best


def behind_the_sdk(resources: Sequence[Declared]) -> float:
    """Seconds for the same rules and resources with one servicer of the SDK for everything."""
    policies = pack.policies(FixedSession())
    servicer = sdk._PolicyAnalyzerServicer(pack.NAME, "0.1.0", policies, EnforcementLevel.MANDATORY)
    requests = []
    for each in resources:
        request = proto.AnalyzeRequest(type=each.type, urn=each.urn, name=each.name)
        request.properties.update(each.inputs)
        requests.append(request)
    return seconds(lambda: [servicer.Analyze(request, None) for request in requests], repeat=2)


def start() -> float:
    """Seconds from starting the pack to its port."""
    environ = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}

    def run() -> None:
        with subprocess.Popen([EXECUTABLE, "127.0.0.1:1"], env=environ, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            process.kill()

    return seconds(run)


def report() -> str:
    """The measured costs, a line each."""
    resources = stack()
    served = Pack("production", session=FixedSession(moment=2_000_000_000))
    single = seconds(lambda: [served.analyze(each) for each in resources])
    whole = seconds(lambda: served.analyze_stack(resources))
    sdk_only = behind_the_sdk(resources)
    lines = [
        f"{len(served.info.policies)} policies, {len(resources)} resources",
        f"  resource rules            {_ms(single)}   {single / len(resources) * 1000:.2f} ms per resource",
        f"  stack rules               {_ms(whole)}",
        f"  together                  {_ms(single + whole)}   budget {_ms(BUDGET).strip()}",
        f"  resource rules, SDK only  {_ms(sdk_only)}   {sdk_only / single:.1f} times as much",
        f"  start to port             {_ms(start())}",
    ]
    return "\n".join(lines) + "\n"


def _ms(duration: float) -> str:
    return f"{duration * 1000:8.1f} ms"


if __name__ == "__main__":
    sys.stdout.write(report())
