"""The rehearsal clock, and everything that must keep it out of a real cloud."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate import clock
from headgate.clock import ClockError, RehearsalClock, SystemClock
from headgate.traffic import endpoints

NOW = 1_767_225_600


@dataclass
class HandClock:
    """Shows what it is set to."""

    seconds: int = NOW

    def now(self) -> int:
        return self.seconds


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """A rehearsal as it should be: the sandbox's variables and no files of the user."""
    return {
        "HEADGATE_REHEARSAL_CLOCK": f"60@{NOW - 100}",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:5000",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "HOME": str(tmp_path),
    }


def refused(environ: dict[str, str], *endpoints: str) -> list[str]:
    """What each problem found."""
    with pytest.raises(ClockError) as caught:
        clock.from_environment(environ, endpoints, HandClock())
    for problem in caught.value.problems:
        assert problem.where == "HEADGATE_REHEARSAL_CLOCK"
        assert problem.expected
        assert problem.fix.endswith(".")
    assert str(caught.value) == "\n".join(map(str, caught.value.problems))
    return [problem.found for problem in caught.value.problems]


class TestSystemClock:
    def test_without_the_variable(self) -> None:
        assert clock.from_environment({}) == SystemClock()

    def test_an_empty_variable_is_none(self) -> None:
        assert clock.from_environment({"HEADGATE_REHEARSAL_CLOCK": ""}) == SystemClock()

    def test_a_real_cloud_is_nobodys_business_then(self) -> None:
        environ = {"AWS_ENDPOINT_URL": "https://ecs.us-east-1.amazonaws.com"}
        assert clock.from_environment(environ, ["https://run.googleapis.com"]) == SystemClock()

    def test_tells_the_time(self) -> None:
        assert SystemClock().now() > NOW

    def test_description(self) -> None:
        assert clock.describe(SystemClock()) == "System clock: bakes take the time the plan says."


class TestRehearsalClock:
    def test_runs_faster_from_its_anchor_on(self, environ: dict[str, str]) -> None:
        real = HandClock()
        found = clock.from_environment(environ, ["http://localhost:8080"], real)
        assert found.now() == NOW - 100 + 60 * 100
        real.seconds += 5
        assert found.now() == NOW - 100 + 60 * 105

    def test_scale_with_a_fraction(self, environ: dict[str, str]) -> None:
        environ["HEADGATE_REHEARSAL_CLOCK"] = f"1.5@{NOW}"
        real = HandClock(NOW + 3)
        assert clock.from_environment(environ, real=real).now() == NOW + 4

    def test_description(self) -> None:
        assert clock.describe(RehearsalClock(60.0, NOW)) == (
            "REHEARSAL CLOCK (HEADGATE_REHEARSAL_CLOCK): since 2026-01-01 00:00:00 UTC time passes 60 times as fast. "
            "Allowed because every cloud endpoint in use is on this machine."
        )

    @given(st.floats(1.001, 100_000), st.lists(st.integers(0, 10**6), min_size=1))
    def test_never_runs_backwards_nor_slower(self, scale: float, waits: list[int]) -> None:
        real = HandClock()
        found = RehearsalClock(scale, NOW, real)
        for wait in waits:
            before = found.now()
            real.seconds += wait
            assert found.now() - before >= wait - 1


class TestForm:
    @pytest.mark.parametrize(
        "raw",
        [
            "60", "@", "60@", "@1767225500", "60@now", "60 @ 1767225500", "-60@1767225500", "60@-5", "1e3@1767225500",
            "60@1767225500@1", "nan@1767225500", "inf@1767225500", "60@1767225500.5", "60x@1767225500",
            " 60@1767225500", "60@1767225500\n",
        ],
    )  # fmt: skip
    def test_cannot_be_read(self, environ: dict[str, str], raw: str) -> None:
        assert refused({**environ, "HEADGATE_REHEARSAL_CLOCK": raw}) == [repr(raw)]

    @pytest.mark.parametrize("scale", ["0", "1", "1.0", "0.5", "100000.001", "100001", "999999"])
    def test_scale_out_of_bounds(self, environ: dict[str, str], scale: str) -> None:
        raw = f"{scale}@{NOW}"
        assert refused({**environ, "HEADGATE_REHEARSAL_CLOCK": raw}) == [f"scale {scale}"]

    @pytest.mark.parametrize("scale", ["1.001", "2", "100000"])
    def test_scale_at_its_bounds(self, environ: dict[str, str], scale: str) -> None:
        environ["HEADGATE_REHEARSAL_CLOCK"] = f"{scale}@{NOW}"
        assert clock.from_environment(environ, real=HandClock()).now() == NOW

    def test_anchor_in_the_future(self, environ: dict[str, str]) -> None:
        environ["HEADGATE_REHEARSAL_CLOCK"] = f"60@{NOW + 1}"
        assert refused(environ) == [f"anchor {NOW + 1}"]

    def test_everything_wrong_at_once(self, environ: dict[str, str]) -> None:
        environ["HEADGATE_REHEARSAL_CLOCK"] = f"1@{NOW + 1}"
        environ["AWS_ENDPOINT_URL_S3"] = "https://s3.amazonaws.com"
        environ["GOOGLE_CLOUD_RUN_V2_CUSTOM_ENDPOINT"] = "https://run.googleapis.com/v2/"
        assert refused(environ, "https://monitoring.googleapis.com") == [
            "scale 1",
            f"anchor {NOW + 1}",
            "AWS_ENDPOINT_URL_S3 'https://s3.amazonaws.com'",
            "GOOGLE_CLOUD_RUN_V2_CUSTOM_ENDPOINT 'https://run.googleapis.com/v2/'",
            "a cloud endpoint in the configuration 'https://monitoring.googleapis.com'",
        ]


class TestEndpoints:
    @pytest.mark.parametrize("found", [None, ""])
    def test_no_endpoint_is_the_real_cloud(self, environ: dict[str, str], found: str | None) -> None:
        del environ["AWS_ENDPOINT_URL"]
        environ |= {} if found is None else {"AWS_ENDPOINT_URL": found}
        assert refused(environ) == ["AWS_ENDPOINT_URL unset or empty"]

    @pytest.mark.parametrize(
        "name",
        [
            "AWS_ENDPOINT_URL",
            "AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING_V2",
            "AWS_ENDPOINT_URL_STS",
            "AWS_S3_ENDPOINT",
            "TF_AWS_STS_ENDPOINT",
            "GOOGLE_CLOUD_RUN_V2_CUSTOM_ENDPOINT",
            "GOOGLE_MONITORING_CUSTOM_ENDPOINT",
            "CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN",
        ],
    )
    @pytest.mark.parametrize(
        "url", ["https://api.example.com", "http://127.0.0.1@evil.example", "http://10.0.0.1:5000"]
    )
    def test_every_variable_is_looked_at(self, environ: dict[str, str], name: str, url: str) -> None:
        (found,) = refused({**environ, name: url})
        assert found.startswith(f"{name} ")

    @pytest.mark.parametrize(
        "name", ["AWS_ENDPOINT_URL_STS", "GOOGLE_MONITORING_CUSTOM_ENDPOINT", "CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN"]
    )
    def test_loopback_in_every_variable(self, environ: dict[str, str], name: str) -> None:
        environ[name] = "http://[::1]:8080/v2/"
        assert clock.from_environment(environ, real=HandClock()).now() > NOW

    def test_an_empty_variable_of_a_service_is_refused(self, environ: dict[str, str]) -> None:
        """Libraries differ: for some it stands for the files, which may lead away."""
        assert refused({**environ, "AWS_ENDPOINT_URL_S3": ""}) == ["AWS_ENDPOINT_URL_S3 unset or empty"]

    def test_endpoints_of_the_configuration(self, environ: dict[str, str]) -> None:
        assert clock.from_environment(environ, ["http://127.0.0.1:5000"], HandClock()).now() > NOW
        assert refused(environ, "http://127.0.0.1:5000", "https://ecs.example", "") == [
            "a cloud endpoint in the configuration 'https://ecs.example'",
            "a cloud endpoint in the configuration unset or empty",
        ]

    def test_a_password_is_not_repeated(self, environ: dict[str, str]) -> None:
        (found,) = refused({**environ, "AWS_ENDPOINT_URL": "http://user:s3cr3t@127.0.0.1:5000"})
        assert found == "AWS_ENDPOINT_URL 'http://...@127.0.0.1:5000'"

    def test_message(self, environ: dict[str, str]) -> None:
        del environ["AWS_ENDPOINT_URL"]
        with pytest.raises(ClockError) as caught:
            clock.from_environment(environ, real=HandClock())
        assert str(caught.value) == (
            "HEADGATE_REHEARSAL_CLOCK: found AWS_ENDPOINT_URL unset or empty; expected a loopback address such as "
            "http://127.0.0.1:5000 for every cloud endpoint in use. "
            "Rehearse against the sandbox, or unset HEADGATE_REHEARSAL_CLOCK."
        )


class TestIgnoredEndpoints:
    """A switch that makes the AWS libraries skip every endpoint but those in code."""

    @pytest.mark.parametrize("value", ["true", "TRUE", "1", "yes", "on"])
    def test_variable(self, environ: dict[str, str], value: str) -> None:
        found = refused({**environ, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": value})
        assert found == [f"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: {value}"]

    @pytest.mark.parametrize("value", ["", "false", "False"])
    def test_variable_off(self, environ: dict[str, str], value: str) -> None:
        environ["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] = value
        assert clock.from_environment(environ, real=HandClock()).now() > NOW

    @pytest.mark.parametrize("variable", ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"])
    def test_file(self, environ: dict[str, str], tmp_path: Path, variable: str) -> None:
        path = tmp_path / "settings"
        path.write_text("[default]\nIgnore_Configured_Endpoint_URLs = true\n")
        environ[variable] = str(path)
        assert refused(environ) == [f"{path}: ignore_configured_endpoint_urls"]
        environ["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] = "false"  # outranks the files
        assert clock.from_environment(environ, real=HandClock()).now() > NOW

    @pytest.mark.parametrize(
        ("variable", "name"), [("AWS_CONFIG_FILE", "config"), ("AWS_SHARED_CREDENTIALS_FILE", "credentials")]
    )
    def test_file_at_home(self, environ: dict[str, str], tmp_path: Path, variable: str, name: str) -> None:
        del environ[variable]
        path = tmp_path / ".aws" / name
        path.parent.mkdir()
        path.write_text("[profile work]\nignore_configured_endpoint_urls=true\n")
        assert refused(environ) == [f"{path}: ignore_configured_endpoint_urls"]

    def test_files_without_it_or_not_there(self, environ: dict[str, str], tmp_path: Path) -> None:
        path = tmp_path / "settings"
        path.write_text("[default]\nendpoint_url = https://elsewhere.example\n")
        environ |= {"AWS_CONFIG_FILE": str(path), "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none")}
        assert clock.from_environment(environ, real=HandClock()).now() > NOW

    def test_a_file_that_cannot_be_read_may_say_anything(self, environ: dict[str, str], tmp_path: Path) -> None:
        environ["AWS_CONFIG_FILE"] = str(tmp_path)
        assert refused(environ) == [f"{tmp_path}: ignore_configured_endpoint_urls"]


class TestLoopback:
    @pytest.mark.parametrize(
        "url",
        [
            "http://127.0.0.1",
            "http://127.0.0.1:5000",
            "http://127.0.0.1:5000/",
            "https://127.8.9.10:1/v2/projects",
            "http://localhost:5000",
            "HTTP://LOCALHOST:5000",
            "http://[::1]:5000",
            "http://[0:0:0:0:0:0:0:1]:5000",
        ],
    )
    def test_yes(self, url: str) -> None:
        assert endpoints.is_loopback(url)

    @pytest.mark.parametrize(
        "url",
        [
            "",
            "127.0.0.1:5000",
            "//127.0.0.1",
            "ftp://127.0.0.1",
            "https://ecs.us-east-1.amazonaws.com",
            "http://0.0.0.0:5000",
            "http://[::]:5000",
            "http://128.0.0.1",
            "http://127.1",
            "http://2130706433",
            "http://0x7f.0.0.1",
            "http://0177.0.0.1",
            "http://127.0.0.256",
            "http://127.0.0.1.evil.example",
            "http://localhost.evil.example",
            "http://evil-localhost",
            "http://127.0.0.1@evil.example",
            "http://localhost@evil.example:80",
            "http://user:password@127.0.0.1",
            "http://evil.example\\@127.0.0.1",
            "http://127.0.0.1\\@evil.example",
            "http://127.0.0.1:80@evil.example",
            "http://127.0.0.1#@evil.example",
            "http://evil.example#@127.0.0.1",
            "http://127.0.0.1?@evil.example",
            "http://evil.example/127.0.0.1",
            "http://127.0.0.1:5000\n",
            " http://127.0.0.1",
            "http://127.0.0.1 .evil.example",
            "http://loca\N{LATIN SMALL LETTER LONG S}lhost",
            "http://loopback",
            "http://[::ffff:8.8.8.8]",
            "http://[::1%25eth0]",
            "http://[::1].evil.example",
            "http://::1",
        ],
    )
    def test_no(self, url: str) -> None:
        assert not endpoints.is_loopback(url)

    @given(st.text())
    def test_total(self, url: str) -> None:
        assert isinstance(endpoints.is_loopback(url), bool)

    @given(st.ip_addresses(v=4))
    def test_every_address(self, address: object) -> None:
        assert endpoints.is_loopback(f"http://{address}:80") == str(address).startswith("127.")
