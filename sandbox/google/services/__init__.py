"""The emulated APIs, one module each. How to add one:

1. A module here with a constant `SERVICE: sandbox.google.api.Service`. It is found by itself; a name that begins
   with an underscore is a helper of the others. `cloudbilling` is a complete example of few lines.
2. `documents`: the discovery documents it is checked against ("pubsub.v1"); `mounts`: under which URL prefix it is
   (see the table of endpoints in docs, and `api.Service`); `handlers`: {method id: function}. The ids and the
   parameters: `python -m sandbox.google.services pubsub.v1` prints them.
3. A handler takes an `api.Call` (path and query parameters, body: already checked and cleaned, see there) and
   answers the JSON of a 200 as a dict; it raises `errors.ApiError` (helpers: `not_found`, `already_exists`,
   `bad_field`, `invalid`) to refuse. It is a plain function; it keeps no state of its own.
4. State is in `call.cloud`: `.store` (resources by kind and name; copies go in and out), `.operations`
   (`begin(parent, finish, metadata).as_json()`), `.now()`, `.etag()`, `.uid()`, `.serial()`, `.conditions`.
   Faults of mode "ignore" work by themselves, because they undo whatever a handler did to the store.
5. IAM: `iam.handlers("pubsub.projects.topics", exists)` gives getIamPolicy, setIamPolicy and testIamPermissions.
   Operations: `operations.handlers("run.projects.locations.operations")`.
   PATCH: `masks.merged(current, sent, call.mask())`. Lists: `pages.page(call, "topics", items)`.
6. What another service asks for goes into the cloud in `attach`: Secret Manager sets `cloud.secret_check`.
7. Every answer is checked against the document too: a field that Google does not have is a 501 that says so. Leave
   out what is zero, false or empty, and give 64-bit numbers as text, as Google's JSON does.
"""

import functools
import importlib
import pkgutil

from sandbox.google.api import Service


@functools.cache
def found() -> tuple[Service, ...]:
    """The services of this package, by name."""
    names = sorted(each.name for each in pkgutil.iter_modules(__path__) if not each.name.startswith("_"))
    modules = [importlib.import_module(f"{__name__}.{name}") for name in names]
    return tuple(module.SERVICE for module in modules)
