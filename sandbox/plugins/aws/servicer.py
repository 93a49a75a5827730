"""The provider protocol over the table of the AWS provider."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.plugins import differ
from sandbox.plugins.aws import configuration, models
from sandbox.plugins.aws.clients import Clients, CloudError, environment
from sandbox.plugins.aws.engine import Engine, NotDeleted, calls_of_create, calls_of_update, changes
from sandbox.plugins.aws.invokes import INVOKES
from sandbox.plugins.aws.recordonly import with_records
from sandbox.plugins.aws.rows import Row, Unremovable
from sandbox.plugins.aws.tables import rows
from sandbox.plugins.records import Record, Values
from sandbox.plugins.servicer import Checked, StandIn
from sandbox.plugins.understood import UnknownArgument
from sandbox.plugins.values import DEFAULTS


@dataclass(frozen=True)
class Setup:
    """What a configured provider works with."""

    clients: Clients
    engine: Engine


class AwsStandIn(StandIn[Row, Setup]):
    """The stand-in `pulumi-resource-aws`."""

    keys = configuration.KEYS
    functions = INVOKES
    refusals = (CloudError, NotDeleted, UnknownArgument, Unremovable)

    def __init__(self, version: str, environ: Mapping[str, str] | None = None) -> None:
        super().__init__(version, environment() if environ is None else environ)

    def rows(self) -> Mapping[str, Row]:
        return rows()

    def set_up(self, given: Values, environ: Mapping[str, str]) -> Setup:
        config = configuration.read(given, environ)
        clients = Clients(config.endpoint, config.region)
        return Setup(clients, Engine(with_records(clients.call), config.region, configuration.ACCOUNT))

    def engine(self, setup: Setup) -> Engine:
        return setup.engine

    def invoke(self, setup: Setup, token: str, args: Values) -> Values:
        return INVOKES[token](setup.clients, args)

    def checked(self, row: Row, named: Callable[[Values], Values], olds: Values, news: Values) -> Checked:
        problems = row.problems(news)
        if problems:
            return news, problems
        inputs = named(news)
        # What the last run took needs no second look: loading the API models would be most of the time
        # of a run that changes nothing.
        return inputs, [("", problem) for problem in _invalid(row, inputs, olds)] if inputs != olds else []

    def changes(self, row: Row, record: Record, news: Values) -> list[differ.Change]:
        return changes(row, record, news)

    def planned(self, row: Row, record: Record, news: Values) -> dict[str, Any]:
        kept = {key: value for key, value in record.state.items() if key not in record.inputs or key in news}
        return {**kept, **{key: value for key, value in news.items() if key != DEFAULTS}}


def _invalid(row: Row, inputs: Values, olds: Values) -> list[str]:
    """What botocore has against the calls that these inputs lead to."""
    found = [problem for call in calls_of_create(row, inputs) for problem in models.problems(row.service, call)]
    changed = frozenset(change.key for change in differ.changes(olds, {}, inputs, same=row.same))
    if olds and not found and not changed & row.force_new:
        try:
            calls = calls_of_update(row, inputs, olds, changed)
        except Unremovable as problem:
            return [str(problem)]
        found = [problem for call in calls for problem in models.problems(row.service, call)]
    return found
