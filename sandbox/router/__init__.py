"""The data plane of the sandbox: plays an Application Load Balancer with real HTTP on loopback.

model      what a balancer is: listeners, rules, conditions, actions
parsing    answers of the elbv2 API -> model
patterns, rules, weights, stickiness, redirects
           how a balancer decides, as pure functions
decision   the above put together: a request in, what is to happen out
live       reads the live balancer from the AWS API, again and again
backends   which process serves which slot
forwarding sends a request to a process and its answer back
records    what every request got, in SQLite
plane      one request from beginning to end
control    /__sandbox/…: status, stats, mark, refresh
"""
