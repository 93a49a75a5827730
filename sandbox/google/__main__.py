"""`python -m sandbox.google`: see `server`."""

import sys

from sandbox.google.server import main

sys.exit(main())
