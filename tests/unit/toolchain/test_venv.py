import tomllib
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.unit.toolchain.fakes import FakeRunner, Machine, Said
from toolchain.errors import BuildFailed, ToolchainError
from toolchain.paths import CHECKOUT
from toolchain.process import Completed
from toolchain.venv import LOCKS, Installer, clean

OK = Completed(0)


@pytest.fixture
def uv(machine: Machine) -> FakeRunner:
    """A machine with a usable uv and no virtual environment yet."""
    machine.has("uv")
    return FakeRunner(
        {
            "uv --version": Completed(0, "uv 0.9.1 (abc 2025-10-01)\n"),
            "uv venv": OK,
            "uv pip": OK,
            "python --version": Completed(127),
        }
    )


def installer(machine: Machine, runner: FakeRunner, said: Said, **environ: str) -> Installer:
    return Installer({**machine.environ, **environ}, runner, said, checkout=machine.root)


def test_exactly_the_lock_is_installed_and_every_hash_checked(machine: Machine, uv: FakeRunner, said: Said) -> None:
    installer(machine, uv, said).install()
    sync, editable = (call[2:] for call in uv.ran("uv pip"))
    assert sync[0] == "sync"
    assert "--require-hashes" in sync
    assert sync[-1] == "requirements.lock"
    assert editable[0] == "install"
    assert {"--no-deps", "--no-build-isolation", "--editable"} <= set(editable)
    assert len(uv.ran("uv venv")) == 1


def test_a_working_environment_is_kept(machine: Machine, uv: FakeRunner, said: Said) -> None:
    uv.answers["python --version"] = Completed(0, "Python 3.11.7")
    installer(machine, uv, said).install()
    assert uv.ran("uv venv") == []


def test_an_active_environment_does_not_decide(machine: Machine, uv: FakeRunner, said: Said) -> None:
    installer(machine, uv, said, VIRTUAL_ENV="/elsewhere").install()
    installing = [environ for call, environ in zip(uv.calls, uv.environs, strict=True) if call[1] in ("venv", "pip")]
    assert all("VIRTUAL_ENV" not in environ for environ in installing)
    assert {environ["UV_PYTHON_DOWNLOADS"] for environ in installing} == {"never"}


@pytest.mark.parametrize(
    "answer",
    [None, Completed(0, "uv 0.4.30"), Completed(1, "", "pyenv: uv: command not found"), Completed(0, "")],
)
def test_without_a_usable_uv_a_pinned_one_is_fetched_once(
    machine: Machine, uv: FakeRunner, said: Said, answer: Completed | None
) -> None:
    home = machine.root / "cache" / "uv"
    present: list[bool] = []

    def version(argv: Sequence[str]) -> Completed:
        if not Path(argv[0]).is_relative_to(home):
            assert answer is not None
            return answer
        return Completed(0 if present else 127)

    def python(argv: Sequence[str]) -> Completed:
        if "pip" in argv:
            present.append(True)
        return OK

    if answer is None:
        (machine.programs / "uv").unlink()
    uv.answers |= {
        "uv --version": version,
        "python3 -m": python,
        "python -m": python,
        "python3.11 -m": python,
    }
    uv.answers |= {f"python3.{minor} -m": python for minor in range(11, 20)}
    installer(machine, uv, said).install()
    installer(machine, uv, said).install()

    fetched = [call for call in uv.calls if "--require-hashes" in call and "pip" in call and "-m" in call]
    assert len(fetched) == 1
    assert fetched[0][-1] == str(CHECKOUT / "toolchain" / "uv.txt")
    assert "--only-binary" in fetched[0]
    assert {call[0] for call in uv.ran("uv pip")} == {str(home / "bin" / "uv")}


def test_a_failure_names_the_command(machine: Machine, uv: FakeRunner, said: Said) -> None:
    uv.answers["uv pip"] = Completed(2)
    with pytest.raises(BuildFailed, match=r"uv pip sync .* failed with exit code 2 \(its messages are above\)"):
        installer(machine, uv, said).install()


@pytest.fixture
def locks(machine: Machine) -> list[Path]:
    """Both lock files as uv leaves them."""
    files = [machine.root / name for name in LOCKS]
    for file in files:
        file.parent.mkdir(exist_ok=True)
        file.write_text("rich==15.0.0 \\\n    --hash=sha256:00\n")
    return files


@pytest.mark.parametrize("upgrade", [False, True])
def test_the_locks_are_universal_and_hashed(
    machine: Machine, uv: FakeRunner, said: Said, locks: list[Path], *, upgrade: bool
) -> None:
    installer(machine, uv, said).lock(upgrade=upgrade)
    compiled = [call[2:] for call in uv.ran("uv pip")]
    assert [call[-1] for call in compiled] == list(LOCKS)
    for call in compiled:
        assert {"--universal", "--generate-hashes", "--no-header", "--no-annotate"} <= set(call)
        assert ("--upgrade" in call) is upgrade


def test_every_group_is_in_a_lock() -> None:
    groups = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["dependency-groups"]
    assert {word for words in LOCKS.values() for word in words} >= groups.keys()


def test_an_address_in_a_lock_is_refused(machine: Machine, uv: FakeRunner, said: Said, locks: list[Path]) -> None:
    locks[0].write_text("--index-url https://registry.example/simple\n")
    with pytest.raises(ToolchainError, match=r"requirements\.lock: an address got into the lock"):
        installer(machine, uv, said).lock(upgrade=False)


def test_the_committed_locks_hold_no_address_and_a_hash_for_every_package() -> None:
    for name in LOCKS:
        text = (CHECKOUT / name).read_text()
        assert "://" not in text
        packages = [line for line in text.splitlines() if not line.startswith(" ")]
        assert packages
        assert all("==" in line for line in packages)
        assert text.count(" \\\n    --hash=sha256:") >= len(packages)


def test_distclean_empties_only_what_is_ours(machine: Machine) -> None:
    cache = machine.root / "cache"
    for folder in ("toolchain/0123/bin", "uv/bin", "somebody-else"):
        (cache / folder).mkdir(parents=True)
    (cache / "uv.lock").write_text("")
    assert clean(machine.environ) == [cache / "toolchain", cache / "uv", cache / "uv.lock"]
    assert [path.name for path in cache.iterdir()] == ["somebody-else"]
    assert clean(machine.environ) == []
