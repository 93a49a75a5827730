"""Looks at everything that `findings` judges. Never raises for what cannot be looked at."""

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Mapping
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote

import yaml

from headgate.changes import parse
from headgate.cli.project import Project, ProjectError
from headgate.cli.situation import PortFor, gather
from headgate.doctor.facts import Engine, Facts, Lock, Pack, Plugin, Secrets, Seen
from headgate.engine import Engine as Reader
from headgate.engine import EngineError, Operator
from headgate.evidence import EvidenceError
from headgate.evidence.reading import key_of, store_of
from headgate.lifecycle.words import last_lines
from headgate.settings import Settings
from headgate.traffic.sign_in import command_in

T = TypeVar("T")

TIMEOUT = 30  # seconds; as for every other reading of the engine
PACK = "PULUMI_OPTION_POLICY_PACK"
NOBODY = "doctor"  # a rollout that no record is about
NO_FETCHING = "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"


class Doctor:
    """What there is to look with: the edges, and the environment of the commands."""

    def __init__(
        self, project: Project, engine: Reader, operator: Operator, port_for: PortFor, environ: Mapping[str, str]
    ) -> None:
        self._project = project
        self._engine = engine
        self._operator = operator
        self._port_for = port_for
        self._environ = environ

    def look(self, stack: str, now: int, *, refresh: bool = False) -> Facts:
        """Everything about `stack`. `now`: epoch seconds of the clock that bakes are counted by. `refresh`: run a
        preview with a refresh, too, which reads every resource from the cloud and changes nothing."""
        situation = gather(self._project, stack, self._engine, self._port_for, now)
        values = _looked(lambda: self._project.configuration(stack).values)
        backend = self._backend()
        version = self._said("version")
        history = _looked(lambda: self._engine.history(stack, 20))
        nothing: tuple[Seen[tuple[str, ...]], frozenset[str]] = (Seen(), frozenset())
        drifted, judged = self._drift(stack) if refresh and not (version.error or backend.error) else nothing
        return Facts(
            situation=situation,
            engine=self._tools(version, values.value or {}),
            backend=backend,
            secrets=self._secrets(stack, backend.value or ""),
            pack=self._pack(),
            values=values,
            history=history,
            checkpoint=_looked(lambda: self._engine.deployment(stack)),
            locks=_locks(backend.value or "", self._name, stack),
            evidence=self._evidence(situation.settings),
            drifted=drifted,
            judged=judged,
            backup=_backup(backend.value or "", self._name, stack),
            store=(backend.value or "").partition("://")[0],
            sandbox=bool(self._environ.get("HEADGATE_SANDBOX")),
            sign_in=command_in(situation.cloud_error),
        )

    @property
    def _name(self) -> str:
        """The project's name."""
        content = yaml.safe_load((self._project.folder / "Pulumi.yaml").read_text())
        return str(content.get("name") or "") if isinstance(content, dict) else ""

    def _said(self, *arguments: str) -> Seen[str]:
        """stdout of a command of the engine."""
        command = shutil.which("pulumi", path=self._environ.get("PATH"))
        if command is None:
            return Seen(error="pulumi is not on PATH")
        try:
            done = subprocess.run(
                [command, *arguments, "--non-interactive"],
                cwd=self._project.folder,
                env={**self._environ, "PULUMI_SKIP_UPDATE_CHECK": "true"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=TIMEOUT,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return Seen(error=f"pulumi {' '.join(arguments)} does not answer: {error}")
        if done.returncode != 0:
            said = (done.stderr or done.stdout).strip().removeprefix("error: ")
            return Seen(error=said or f"pulumi {' '.join(arguments)} ended with exit code {done.returncode}")
        return Seen(done.stdout.strip())

    def _json(self, *arguments: str) -> Seen[Any]:
        said = self._said(*arguments, "--json")
        try:
            return said if said.error else Seen(json.loads(said.value or ""))
        except ValueError as error:
            return Seen(error=f"pulumi {' '.join(arguments)} did not answer with JSON: {error}")

    def _backend(self) -> Seen[str]:
        said = self._json("whoami", "--verbose")
        url = said.value.get("url") if isinstance(said.value, dict) else None
        return Seen(str(url or "")) if not said.error else Seen(error=_without_user(said.error))

    def _tools(self, version: Seen[str], values: Mapping[str, object]) -> Engine:
        listed: Seen[Any] = Seen() if version.error else self._json("plugin", "ls")
        found = {
            Plugin(str(each.get("name")), str(each.get("version")))
            for each in (listed.value or ())
            if isinstance(each, dict) and each.get("kind") == "resource"
        }
        return Engine(
            version=version,
            wanted=metadata.version("pulumi"),
            plugins=Seen(frozenset(found), listed.error),
            needs=_needed(values),
            acquires=self._environ.get(NO_FETCHING, "").lower() not in ("1", "true"),
        )

    def _secrets(self, stack: str, backend: str) -> Secrets:
        """By Pulumi's rules: `secretsprovider` of the stack file names one, else a hosted backend has its own, and
        any other a passphrase."""
        try:
            content = yaml.safe_load((self._project.stacks / f"Pulumi.{stack}.yaml").read_text())
        except (OSError, UnicodeDecodeError, yaml.YAMLError):
            content = None  # the configuration says so
        told = content if isinstance(content, dict) else {}
        provider = str(told.get("secretsprovider") or "")
        usual = bool(told.get("encryptionsalt")) or (bool(backend) and not backend.startswith("http"))
        by_passphrase = provider == "passphrase" or (not provider and usual)
        file = self._environ.get("PULUMI_CONFIG_PASSPHRASE_FILE", "")
        if by_passphrase and "PULUMI_CONFIG_PASSPHRASE" not in self._environ and file:
            try:
                Path(file).read_bytes()
            except OSError as error:
                return Secrets(
                    by_passphrase=True, given=False, error=f"PULUMI_CONFIG_PASSPHRASE_FILE: {file}: {error.strerror}"
                )
        return Secrets(by_passphrase, "PULUMI_CONFIG_PASSPHRASE" in self._environ or bool(file))

    def _pack(self) -> Pack:
        """The variable names one pack, or several with commas between."""
        told = self._environ.get(PACK, "")
        if not told:
            return Pack("")
        one = (self._project.folder / told).exists()
        for path in [told] if one else filter(None, told.split(",")):
            place = self._project.folder / path
            if not place.exists():
                return Pack(told, f"{PACK}: {path} is not there")
            if place.is_file() and not os.access(place, os.X_OK):
                return Pack(told, f"{PACK}: {path} may not be executed")
            if place.is_dir() and not (place / "PulumiPolicy.yaml").is_file():
                return Pack(told, f"{PACK}: {path} has no PulumiPolicy.yaml")
        return Pack(told)

    def _evidence(self, settings: Settings | None) -> Seen[bool]:
        if settings is None:
            return Seen()
        try:
            key_of(settings, self._environ)
            store_of(settings, self._project.folder).shelf(NOBODY, NOBODY)
        except EvidenceError as error:
            return Seen(error=str(error))
        return Seen(value=True)

    def _drift(self, stack: str) -> tuple[Seen[tuple[str, ...]], frozenset[str]]:
        try:
            run = self._operator.preview(stack, refresh=True)
        except EngineError as error:
            return Seen(error=str(error)), frozenset()
        changes = parse(run.output)
        if run.code != 0 or not changes.succeeded:
            said = [each.message.strip() for each in changes.diagnostics if each.severity == "error"]
            return Seen(error="; ".join(said or last_lines(run))), changes.packs
        return Seen(tuple(f"{each.name} ({each.op})" for each in changes.touched)), changes.packs


def _looked(read: Callable[[], T]) -> Seen[T]:
    try:
        return Seen(read())
    except (EngineError, ProjectError) as error:
        return Seen(error=str(error))


def _needed(values: Mapping[str, object]) -> tuple[Plugin, ...]:
    """The plugins of the providers that the stack configures (`<provider>:<key>`), as the installed SDKs want them."""
    found = []
    for name in sorted({key.partition(":")[0] for key in values}):
        spec = find_spec(f"pulumi_{name}") if name.isidentifier() else None
        if spec is None or spec.origin is None:
            continue
        try:
            described = json.loads((Path(spec.origin).parent / "pulumi-plugin.json").read_text())
            found.append(Plugin(str(described["name"]), str(described["version"]).removeprefix("v")))
        except (OSError, ValueError, KeyError, TypeError):
            continue  # no provider
    return tuple(found)


def _locks(backend: str, project: str, stack: str) -> Seen[tuple[Lock, ...]]:
    """The locks of a backend that keeps files (pkg/backend/diy/lock.go); a hosted one has its history instead."""
    if not backend or backend.startswith("http"):
        return Seen()
    from fsspec.core import url_to_fs

    url = f"{_bare(backend).rstrip('/')}/.pulumi/locks/organization/{project}/{stack}"
    try:
        files, place = url_to_fs(url, use_listings_cache=False, skip_instance_cache=True)
        names = sorted(str(each) for each in files.ls(place, detail=False) if str(each).endswith(".json"))
        return Seen(tuple(_lock(name, files.cat_file(name)) for name in names))
    except FileNotFoundError:
        return Seen(())
    except Exception as error:  # noqa: BLE001 - every file system behind fsspec raises its own
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        return Seen(error=f"{_bare(url)}: {_without_user(reason)}")


def _lock(name: str, content: bytes) -> Lock:
    try:
        said = json.loads(content)
        host, pid = str(said["hostname"]), int(said["pid"])
        holder = f"{said['username']}@{host} (pid {pid})"
        return Lock(holder, str(said["timestamp"])[:19], _runs(pid) if host == socket.gethostname() else None)
    except (ValueError, KeyError, TypeError) as error:
        file = name.rpartition("/")[2]
        return Lock(f"somebody who cannot be told ({file}: {type(error).__name__})", "an unknown time", None)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # it is somebody else's
    return True


def _backup(backend: str, project: str, stack: str) -> str:
    """The checkpoint before the newest, which a backend of files on this machine keeps beside it."""
    if not backend.startswith("file://"):
        return ""
    folder = Path(unquote(backend.removeprefix("file://").partition("?")[0])).expanduser()
    files = (folder / ".pulumi/stacks" / project / f"{stack}.{form}.bak" for form in ("json", "json.gz"))
    return next((str(file) for file in files if file.is_file()), "")


def _without_user(text: str) -> str:
    """Without user names, passwords and queries of addresses."""
    return " ".join(_bare(word) if "://" in word else word for word in text.split(" "))


def _bare(word: str) -> str:
    scheme, _, rest = word.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}".partition("?")[0]
