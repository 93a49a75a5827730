"""Stand-ins for the official provider plugins, for machines that cannot download those.

Test equipment. A stand-in speaks only to an emulator on this machine, fails loudly on a type or property
it does not know, and proves nothing about the official providers' own schemas and defaults.
"""
