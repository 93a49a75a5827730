"""One realistic case for every type that the AWS stand-in carries: those of world.py and of the modules beside it."""

from tests.sandbox.standin.alarm_cases import ALARM_CASES
from tests.sandbox.standin.edge_cases import EDGE_CASES
from tests.sandbox.standin.storage_world import STORAGE_CASES
from tests.sandbox.standin.world import CASES, Case

EVERY_CASE: tuple[Case, ...] = (*CASES, *STORAGE_CASES, *ALARM_CASES, *EDGE_CASES)
