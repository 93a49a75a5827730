"""What counts as left behind in the emulated cloud."""

from sandbox.google import inventory


def test_what_google_removes_later_is_not_counted() -> None:
    tables = {
        "topics": {"projects/p/topics/a": {"name": "projects/p/topics/a"}},
        "cryptoKeys": {"k": {"name": "k"}},
        "keyRings": {"r": {"name": "r"}},
        "cryptoKeyVersions": {"k/1": {"state": "DESTROY_SCHEDULED"}, "k/2": {"state": "ENABLED"}},
        "logBuckets": {"gone": {"lifecycleState": "DELETE_REQUESTED"}, "here": {"lifecycleState": "ACTIVE"}},
        "workloadIdentityPools": {"pool": {"state": "DELETED"}},
        "timeSeries": {"s": {"ends": []}},
        "iamPolicies": {
            "k": {"etag": "x", "bindings": [{"role": "roles/a", "members": ["user:a@b.example", "user:c@d.example"]}]},
            "empty": {"etag": "y"},
        },
    }
    assert inventory.of(tables) == {
        "cryptoKeyVersions": ["k/2"],
        "iamBindings": ["k roles/a user:a@b.example", "k roles/a user:c@d.example"],
        "logBuckets": ["here"],
        "topics": ["projects/p/topics/a"],
    }


def test_an_empty_cloud_has_nothing() -> None:
    assert inventory.of({}) == {}
    assert inventory.of({"iamPolicies": {"projects/p": {"etag": "x", "version": 1}}}) == {}
