"""What happened, kept: the record of a rollout and of an incident. Pure but for `store`."""

from headgate.records.incident import Acknowledgement, IncidentRecord
from headgate.records.rollout import RolloutRecord
from headgate.records.trail import Entry, trail

__all__ = ["Acknowledgement", "Entry", "IncidentRecord", "RolloutRecord", "trail"]
