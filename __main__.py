"""The Pulumi program: load the settings of the selected stack, build its system, export what it returns."""

import gc
import os
import signal

# A run lives for seconds and keeps what it makes; collecting takes a sixth of its time, most of it during the imports.
gc.disable()

import pulumi  # noqa: E402

from stacks import settings, systems  # noqa: E402

if os.environ.get("HEADGATE_SANDBOX"):  # else the engine's interrupt at the end of a failed run waits 5 s at random
    signal.signal(signal.SIGINT, signal.SIG_DFL)

for name, value in systems.build(settings.load()).items():
    pulumi.export(name, value)
