"""The Pulumi program: load the settings of the selected stack, build its system, export what it returns."""

import os
import signal

import pulumi

from stacks import settings, systems

if os.environ.get("HEADGATE_SANDBOX"):  # else the engine's interrupt at the end of a failed run waits 5 s at random
    signal.signal(signal.SIGINT, signal.SIG_DFL)

for name, value in systems.build(settings.load()).items():
    pulumi.export(name, value)
