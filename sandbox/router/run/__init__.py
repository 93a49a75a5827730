"""A data plane with real HTTP on loopback that plays every Cloud Run service of the emulated Google.

Start it with `python -m sandbox.router.run --google URL …`.

model      what a service is: addresses, ingress, traffic, revisions
parsing    what the emulator holds -> model
doors      the rules by host name of the load balancers in front
live       reads the emulator, again and again
affinity   the session affinity cookie, and where it leads
entrance   which service a request is for, by which way, and whether it may come in
decision   the above put together: a request in, what is to happen out
status     a service as the router's status shows it
plane      one request from beginning to end
serve      puts the router together and runs it
"""
