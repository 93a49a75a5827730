"""The provider protocol over the table of the Google provider."""

import os
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.plugins import differ
from sandbox.plugins.gcp import configuration
from sandbox.plugins.gcp.codecs import with_defaults
from sandbox.plugins.gcp.configuration import Configuration
from sandbox.plugins.gcp.engine import Engine, Protected
from sandbox.plugins.gcp.invokes import INVOKES
from sandbox.plugins.gcp.rest import CloudError, Google
from sandbox.plugins.gcp.rows import Row
from sandbox.plugins.gcp.tables import rows
from sandbox.plugins.records import Record, Values
from sandbox.plugins.servicer import Checked, StandIn
from sandbox.plugins.understood import NotASandbox, UnknownArgument


class GcpStandIn(StandIn[Row, Configuration]):
    """The stand-in `pulumi-resource-gcp`."""

    keys = configuration.KEYS
    functions = INVOKES
    refusals = (CloudError, NotASandbox, Protected, UnknownArgument)

    def __init__(self, version: str, environ: Mapping[str, str] | None = None) -> None:
        super().__init__(version, os.environ if environ is None else environ)

    def rows(self) -> Mapping[str, Row]:
        return rows()

    def set_up(self, given: Values, environ: Mapping[str, str]) -> Configuration:
        return configuration.read(given, environ)

    def engine(self, setup: Configuration) -> Engine:
        return Engine(Google(setup), setup)

    def invoke(self, setup: Configuration, token: str, args: Values) -> Values:
        return INVOKES[token](Google(setup), setup, args)

    def checked(self, row: Row, named: Callable[[Values], Values], olds: Values, news: Values) -> Checked:
        # An API without an address is refused before anything is planned.
        self.configured().endpoint(row.api)
        inputs = with_defaults(row.fields, named(news))
        return inputs, row.problems(inputs)

    def changes(self, row: Row, record: Record, news: Values) -> list[differ.Change]:
        return self.engine(self.configured()).changes(row, record, news)

    def planned(self, row: Row, record: Record, news: Values) -> dict[str, Any]:
        return row.planned(news, record.state)
