"""The template of a revision: what Cloud Run fills in, and which rules it holds. Pure.

Two templates are the same when they are equal after `filled`: a client may send what it read, or what it wrote.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.google.projects import default_account
from sandbox.google.schema import Problem

Template = dict[str, Any]

# What is left out of JSON when it is empty; other empty objects say that something is there (tcpSocket: {}).
_MAPS = frozenset({"labels", "annotations", "limits", "nodeSelector"})
_OWN_NAMESPACES = ("run.googleapis.com", "cloud.googleapis.com", "serving.knative.dev", "autoscaling.knative.dev")
# ko-build/terraform-provider-ko#205: the hosts that Cloud Run pulls from. Without a host: Docker Hub.
_HOST = re.compile(r"([a-z0-9-]+\.)?gcr\.io|([a-z0-9-]+-)?docker\.pkg\.dev|docker\.io")
_DURATION = re.compile(r"(\d+)(\.\d+)?s")
_LONGEST_TIMEOUT_S = 3600


def without_zeroes(value: Any, key: str = "") -> Any:
    """`value` as proto JSON writes it: without zeroes, false, empty text, lists and maps."""
    if isinstance(value, Mapping):
        kept = {name: without_zeroes(inner, name) for name, inner in value.items()}
        return {name: inner for name, inner in kept.items() if not _is_zero(inner, name) or key in _MAPS}
    if isinstance(value, list):
        return [without_zeroes(item) for item in value]
    return value


def _is_zero(value: object, key: str) -> bool:
    if isinstance(value, Mapping):
        return not value and key in _MAPS
    return value in (0, "", False, None) or value == []


def filled(template: Mapping[str, Any], project: str) -> Template:
    """The template with the defaults of the server (measured: cloud-run-notes 3.5 and 3.6)."""
    result: Template = without_zeroes(template)
    result.setdefault("timeout", "300s")
    result.setdefault("serviceAccount", default_account(project))
    scaling = dict(result.get("scaling", {}))
    scaling.setdefault("maxInstanceCount", 100)
    result["scaling"] = scaling
    containers = [dict(container) for container in result.get("containers", [])]
    served = next((each for each in containers if each.get("ports")), containers[0] if containers else None)
    for container in containers:
        _fill(container, served=container is served)
    result["containers"] = containers
    result.setdefault("maxInstanceRequestConcurrency", 80 if served is None or _cpu(served) >= 1 else 1)
    return result


def _fill(container: dict[str, Any], *, served: bool) -> None:
    # The trap of cloud-run-notes 3.6: with `resources` in the request, cpuIdle stays what it was sent as.
    if "resources" not in container:
        container["resources"] = {"cpuIdle": True}
    container["resources"] = {"limits": {"cpu": "1000m", "memory": "512Mi"}, **container["resources"]}
    if not served:
        return
    port = dict((container.get("ports") or [{}])[0])
    port.setdefault("name", "http1")
    port.setdefault("containerPort", 8080)
    container["ports"] = [port]
    # The three zeroes are filled with the documented defaults of Probe.
    started = container.get("startupProbe", {"timeoutSeconds": 240, "periodSeconds": 240, "failureThreshold": 1})
    container["startupProbe"] = _probe(started, port["containerPort"])
    for other in ("livenessProbe", "readinessProbe"):
        if other in container:
            container[other] = _probe(container[other], port["containerPort"])


def _probe(probe: Mapping[str, Any], port: int) -> dict[str, Any]:
    result = {"timeoutSeconds": 1, "periodSeconds": 10, "failureThreshold": 3, **probe}
    kinds = [kind for kind in ("httpGet", "tcpSocket", "grpc") if kind in result]
    for kind in kinds or ["tcpSocket"]:
        result[kind] = {"port": port, **result.get(kind, {})}
    if "httpGet" in result:
        result["httpGet"] = {"path": "/", **result["httpGet"]}
    return result


def _cpu(container: Mapping[str, Any]) -> float:
    text = str(container.get("resources", {}).get("limits", {}).get("cpu", "1"))
    return float(text.removesuffix("m")) / 1000 if text.endswith("m") else float(text)


def problems(template: Mapping[str, Any]) -> Iterator[Problem]:
    """What Cloud Run refuses at once."""
    containers = template.get("containers", [])
    if not containers:
        yield "template.containers", "Violation in template.containers: at least one container is needed"
    for index, container in enumerate(containers):
        where = f"template.containers[{index}]"
        image = str(container.get("image", ""))
        if not image:
            yield f"{where}.image", f"{where}.image: should not be empty"
        elif not _is_pulled_from(image):
            expected = "[host/]repo-path[:tag and/or @digest], where host is one of [region.]gcr.io"
            also = f"[region-]docker.pkg.dev or docker.io but obtained {image}"
            yield f"{where}.image", f"{where}.image: Expected an image path like {expected}, {also}"
        for env, each in enumerate(container.get("env", [])):
            if each.get("value") and each.get("valueSource"):
                yield f"{where}.env[{env}]", f"{where}.env[{env}]: value and valueSource exclude each other"
    if sum(bool(container.get("ports")) for container in containers) > 1:
        yield "template.containers", "template.containers: only one container may have ports"
    yield from _limits(template)
    yield from namespaces(template, "template.")


def _limits(template: Mapping[str, Any]) -> Iterator[Problem]:
    found = _DURATION.fullmatch(str(template.get("timeout", "300s")))
    if found is None or not 1 <= float(found[1]) <= _LONGEST_TIMEOUT_S:
        yield "template.timeout", f"template.timeout: found {template.get('timeout')}; expected 1s to 3600s"
    scaling = template.get("scaling", {})
    least, most = scaling.get("minInstanceCount", 0), scaling.get("maxInstanceCount", 100)
    if least > most:
        yield (
            "template.scaling.min_instance_count",
            f"template.scaling.min_instance_count: found {least}; expected at most max_instance_count, which is {most}",
        )


def namespaces(resource: Mapping[str, Any], where: str) -> Iterator[Problem]:
    """Labels and annotations in Cloud Run's own namespaces "will be rejected" (discovery document, Service.labels)."""
    for kind in ("labels", "annotations"):
        for key in resource.get(kind, {}):
            if key.partition("/")[0].endswith(_OWN_NAMESPACES) and "/" in key:
                yield f"{where}{kind}", f"{where}{kind}: '{key}' is in a namespace that API v2 does not support"


def _is_pulled_from(image: str) -> bool:
    first, slash, _ = image.partition("/")
    has_host = bool(slash) and ("." in first or ":" in first)
    return not has_host or _HOST.fullmatch(first) is not None


def secrets(template: Mapping[str, Any], project: str) -> Iterator[tuple[str, str, str, str]]:
    """Every secret that the template refers to: (where, project, secret, version)."""
    for index, container in enumerate(template.get("containers", [])):
        for number, env in enumerate(container.get("env", [])):
            reference = env.get("valueSource", {}).get("secretKeyRef")
            if reference:
                where = f"spec.template.spec.containers[{index}].env[{number}].value_from.secret_key_ref.name"
                yield where, *_secret(reference["secret"], project), reference.get("version", "latest")
    for index, volume in enumerate(template.get("volumes", [])):
        if "secret" in volume:
            where = f"spec.template.spec.volumes[{index}].secret"
            for item in volume["secret"].get("items") or [{}]:
                yield where, *_secret(volume["secret"]["secret"], project), item.get("version", "latest")


def _secret(name: str, project: str) -> tuple[str, str]:
    parts = name.split("/")
    return (parts[1], parts[3]) if len(parts) == 4 else (project, name)
