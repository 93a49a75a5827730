"""The policy pack, as the engine starts it. PolicyPack serves until the engine ends the process."""

import signal

from pulumi_policy import EnforcementLevel, PolicyPack

from policies import dispatch, pack
from policies.session import Session

# The engine ends plugins with an interrupt, which Python's own handler would answer seconds later.
signal.signal(signal.SIGINT, signal.SIG_DFL)

session = Session()
dispatch.install(session, pack.rules(session))
PolicyPack(pack.NAME, pack.policies(session), EnforcementLevel.MANDATORY, description=pack.DESCRIPTION)
