"""Records in a folder and in a bucket: written once, read back, and whatever else lies there is said."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import boto3
import pytest

from headgate.evidence import Evidence, EvidenceError, EvidenceStore, FsspecStore
from headgate.evidence.record import about, sealed, to_json
from headgate.evidence.store import MOST_BYTES, MOST_RECORDS
from headgate.report import Verdict
from tests.support.emulators import announced
from tests.support.rollouts import START, walk

STATE = walk()["green-10"].state
STACK = "greenflow-production"


def record(at: int = START, **fields: Any) -> Evidence:
    return sealed(
        replace(Evidence(**about(STATE), gate="smoke", verdict=Verdict.PASSED, at=at, by="ci"), **fields), None
    )


def store(folder: Path, url: str = "evidence", stack: str = STACK) -> FsspecStore:
    return FsspecStore(url, stack, folder)


def kept(where: EvidenceStore) -> list[Evidence]:
    return list(where.all(STATE.rollout_id, STATE.step))


class TestFolder:
    def test_before_anything_is_kept_there_is_nothing(self, tmp_path: Path) -> None:
        assert kept(store(tmp_path)) == []
        assert list(tmp_path.iterdir()) == []

    def test_what_is_put_is_there_newest_first(self, tmp_path: Path) -> None:
        for at in (2, 3, 1):
            store(tmp_path).put(record(START + at))
        assert [each.at - START for each in kept(store(tmp_path))] == [3, 2, 1]

    def test_where_it_is(self, tmp_path: Path) -> None:
        where = store(tmp_path).put(record())
        (file,) = (path for path in tmp_path.rglob("*") if path.is_file())
        assert where == str(file)
        assert file.parent == tmp_path / "evidence" / STACK / STATE.rollout_id / "green-10"
        assert file.read_text() == to_json(record())

    def test_an_absolute_folder_and_a_file_url(self, tmp_path: Path) -> None:
        store(Path("/nowhere"), str(tmp_path / "a")).put(record())
        store(Path("/nowhere"), f"file://{tmp_path}/a").put(record(START + 1))
        assert len(kept(store(tmp_path, "a"))) == 2

    def test_the_same_record_twice_is_one(self, tmp_path: Path) -> None:
        store(tmp_path).put(record())
        store(tmp_path).put(record())
        assert kept(store(tmp_path)) == [record()]

    def test_stacks_rollouts_and_steps_are_kept_apart(self, tmp_path: Path) -> None:
        here = store(tmp_path)
        store(tmp_path, stack="greenflow-staging").put(record())
        here.put(record(rollout_id="other"))
        here.put(record(step="green-up"))
        assert kept(here) == []
        assert here.all("other", "green-10") == (record(rollout_id="other"),)

    @pytest.mark.parametrize("name", ["..", ".", "../../etc", "a/b", "", " ", "ä", "a*[?", "%2e", "x" * 300, "-", "~"])
    def test_no_name_leads_out_of_its_folder_or_to_that_of_another(self, tmp_path: Path, name: str) -> None:
        strange = record(rollout_id=name, step=name, gate=name)
        store(tmp_path).put(strange)
        assert store(tmp_path).all(name, name) == (strange,)
        (file,) = (path for path in tmp_path.rglob("*") if path.is_file())
        assert len(file.relative_to(tmp_path / "evidence" / STACK).parts) == 3
        assert store(tmp_path).all(f"{name}.", name) == ()

    def test_what_is_no_record_is_said_and_the_others_are_read(self, tmp_path: Path) -> None:
        folder = Path(store(tmp_path).put(record())).parent
        (folder / "empty.json").write_text("")
        (folder / "binary.json").write_bytes(b"\xff\xfe")
        (folder / "long.json").write_text(" " * (MOST_BYTES + 1))
        (folder / "note.txt").write_text("not looked at")
        (folder / "folder.json").mkdir()
        shelf = store(tmp_path).shelf(STATE.rollout_id, STATE.step)
        assert shelf.records == (record(),)
        assert sorted(each.partition(":")[0] for each in shelf.damaged) == ["binary.json", "empty.json", "long.json"]

    def test_only_the_newest_are_read(self, tmp_path: Path) -> None:
        here = store(tmp_path)
        for at in range(MOST_RECORDS + 5):
            here.put(record(START + at))
        assert len(kept(here)) == MOST_RECORDS
        assert kept(here)[-1].at == START + 5

    def test_a_file_in_the_way_is_said(self, tmp_path: Path) -> None:
        (tmp_path / "evidence").write_text("")
        with pytest.raises(EvidenceError, match=r"evidence cannot be written: .*Check headgate:evidence\.url"):
            store(tmp_path).put(record())

    @pytest.mark.parametrize("url", ["nowhere://x/y", "http+x://a"])
    def test_an_address_that_nobody_knows_is_said(self, tmp_path: Path, url: str) -> None:
        with pytest.raises(EvidenceError, match=r"^\S+ cannot be read: .*Check headgate:evidence\.url"):
            kept(store(tmp_path, url))


@dataclass
class Bucket:
    client: Any
    url: str


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bucket]:
    pytest.importorskip("s3fs", reason="s3fs is an extra (pyproject.toml): pip install 's3fs>=2025.1'")
    with announced("sandbox.aws.server", tmp_path_factory.mktemp("cloud")) as told:
        client = boto3.client(
            "s3",
            endpoint_url=told["url"],
            region_name="us-east-1",
            aws_access_key_id="sandbox",
            aws_secret_access_key="sandbox",
        )
        client.create_bucket(Bucket="evidence")
        yield Bucket(client, told["url"])


@pytest.fixture
def _in_the_sandbox(bucket: Bucket) -> None:
    os.environ.update(
        AWS_ENDPOINT_URL=bucket.url,
        AWS_ACCESS_KEY_ID="sandbox",
        AWS_SECRET_ACCESS_KEY="sandbox",
        AWS_DEFAULT_REGION="us-east-1",
    )


@pytest.mark.sandbox
@pytest.mark.usefixtures("_in_the_sandbox")
class TestBucket:
    def test_what_is_put_is_there_and_seen_by_everybody_at_once(self, tmp_path: Path, bucket: Bucket) -> None:
        url = "s3://evidence/first"
        first, second = store(tmp_path, url), store(tmp_path, url)
        assert kept(first) == []
        second.put(record())
        second.put(record(START + 1))
        second.put(record())
        assert [each.at - START for each in kept(first)] == [1, 0]
        listed = bucket.client.list_objects_v2(Bucket="evidence", Prefix="first/")["Contents"]
        assert all(each["Key"].startswith(f"first/{STACK}/{STATE.rollout_id}/green-10/") for each in listed)
        assert len(listed) == 2

    def test_what_is_no_record_is_said(self, tmp_path: Path, bucket: Bucket) -> None:
        key = f"second/{STACK}/{STATE.rollout_id}/green-10/x.json"
        bucket.client.put_object(Bucket="evidence", Key=key, Body=b"{}")
        shelf = store(tmp_path, "s3://evidence/second").shelf(STATE.rollout_id, STATE.step)
        assert shelf.records == ()
        assert shelf.damaged == ("x.json: it has no 'schema'",)

    def test_a_bucket_that_does_not_exist_is_said(self, tmp_path: Path) -> None:
        with pytest.raises(EvidenceError, match="s3://nowhere/x cannot be written"):
            store(tmp_path, "s3://nowhere/x").put(record())


def test_without_its_library_an_address_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match=r"abfs://x/y cannot be read: .*adlfs"):
        kept(store(tmp_path, "abfs://x/y"))
