"""Where everything of a sandbox lies: `.headgate/` in the checkout, or $HEADGATE_HOME."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
VARIABLE = "HEADGATE_HOME"


@dataclass(frozen=True, slots=True)
class Layout:
    """The files of one sandbox under `home`; `checkout` holds Pulumi.yaml and the stack files."""

    home: Path
    checkout: Path = CHECKOUT

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> "Layout":
        """The layout that the environment asks for."""
        given = environ.get(VARIABLE)
        return cls(Path(given).expanduser().absolute() if given else CHECKOUT / ".headgate")

    @property
    def record(self) -> Path:
        return self.home / "sandbox.json"

    @property
    def lock(self) -> Path:
        return self.home / "sandbox.lock"

    @property
    def apps(self) -> Path:
        return self.home / "apps.json"

    @property
    def backends(self) -> Path:
        return self.home / "backends.json"

    @property
    def run_backends(self) -> Path:
        return self.home / "backends-run.json"

    @property
    def requests(self) -> Path:
        return self.home / "router.sqlite"

    @property
    def run_requests(self) -> Path:
        return self.home / "router-run.sqlite"

    @property
    def items(self) -> Path:
        return self.home / "items.sqlite"

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    @property
    def ready(self) -> Path:
        return self.home / "ready"

    @property
    def state(self) -> Path:
        return self.home / "state"

    @property
    def previous_state(self) -> Path:
        return self.home / "state.previous"

    @property
    def pulumi_home(self) -> Path:
        return self.home / "pulumi-home"

    @property
    def policy_pack(self) -> Path:
        return self.checkout / "policies" / "headgate-policies"

    @property
    def stack_files(self) -> Path:
        return self.checkout / "stacks"

    @property
    def stacks(self) -> tuple[str, ...]:
        """Names of the stacks that have a file."""
        files = self.stack_files.glob("Pulumi.*.yaml")
        return tuple(sorted(file.name.removeprefix("Pulumi.").removesuffix(".yaml") for file in files))

    def log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def ready_file(self, name: str) -> Path:
        return self.ready / f"{name}.json"

    @property
    def traffic_files(self) -> tuple[Path, ...]:
        """What the data plane wrote, with the side files of SQLite."""
        databases = [
            path.with_name(path.name + suffix)
            for path in (self.requests, self.run_requests, self.items)
            for suffix in ("", "-wal", "-shm")
        ]
        return (*databases, self.backends, self.run_backends, self.apps)
