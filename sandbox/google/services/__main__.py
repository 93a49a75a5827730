"""`python -m sandbox.google.services pubsub.v1`: the methods of a discovery document, for whoever adds a service."""

import sys

from sandbox.google.discovery import document

if len(sys.argv) != 2:
    sys.exit("usage: python -m sandbox.google.services <document>, for example pubsub.v1")
try:
    shown = document(sys.argv[1])
except FileNotFoundError as error:
    sys.exit(f"no such document: {error.filename}")
for method in shown.methods.values():
    query = ", ".join(name for name, each in method.parameters.items() if each.get("location") == "query")
    sys.stdout.write(f"{method.id}\n    {method.http} {method.template}\n")
    sys.stdout.write(f"    query: {query or '-'}; body: {method.request or '-'}; answer: {method.response or '-'}\n")
