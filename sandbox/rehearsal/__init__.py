"""Whole rollouts, rehearsed: plain `pulumi` commands on the sandbox, with real requests before, between and after.

scene      what is rehearsed: a stack, where its users come in, and a script
demo, ion  the scenes of the two systems
stage      what a script can do: update, bake, go back, promote, be refused
run        a scene from an empty sandbox to its table
pace       the rehearsal clock, and time that passes between two commands
project    the copy of the configuration that a rehearsal changes, and the `pulumi` commands on it
measure    what the cloud serves, what Headgate observes and where users really go, side by side
summary    the table and its JSON
"""
