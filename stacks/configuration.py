"""A whole stack file as values: what every system says, and what only its own kind says. Knows no Pulumi."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from headgate import settings as common
from headgate.reader import PROJECT, Reader
from headgate.settings import Settings, SettingsError
from stacks import greenflow_settings, ion_settings
from stacks.greenflow_settings import GreenflowSettings
from stacks.ion_settings import IonSettings

Details = GreenflowSettings | IonSettings


@dataclass(frozen=True, slots=True)
class Kind:
    """What one kind of system says of itself: the names of its keys, and who reads them."""

    keys: tuple[str, ...]
    read: Callable[[Mapping[str, object], Reader], Details]


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "greenflow": Kind(greenflow_settings.KEYS, greenflow_settings.read),
        "ion": Kind(ion_settings.KEYS, ion_settings.read),
    }
)


@dataclass(frozen=True, slots=True)
class Configuration:
    """One stack file: `settings` as every system has them, `details` of the system's own kind."""

    settings: Settings
    details: Details


def parse(raw: Mapping[str, object], file: str, known_gates: Collection[str]) -> Configuration:
    """The whole configuration from `raw`: the `headgate:` keys without that prefix, as plain YAML values.

    Raises SettingsError with every problem found; each names `file`, the key's path, what was found and what to do.
    """
    reader = Reader(file)
    kind = KINDS.get(str(raw.get("system")))
    own = kind.keys if kind else tuple(dict.fromkeys(key for each in KINDS.values() for key in each.keys))
    reader.refuse_unknown(raw, (*common.KEYS, *common.OPTIONAL, *own), PROJECT)
    settings = common.read(raw, reader, known_gates)
    details = kind.read(raw, reader) if kind else None
    if reader.problems or details is None:
        raise SettingsError(tuple(reader.problems))
    return Configuration(settings, details)
