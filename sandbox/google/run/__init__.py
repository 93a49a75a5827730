"""Cloud Run Admin API v2: services, revisions, operations, IAM.

What Cloud Run does (→), and where it is known from. "discovery" is run.v2.json, "docs" are Google's pages on Cloud Run.

Revisions
- the same name, the same template → nothing is minted; an older revision of that name becomes the created one
  (Knative CheckNameAvailability: exists, but matches)
- the same name, another template → 409 ALREADY_EXISTS, nothing changes
  (googleapis/google-cloud-python#14259, hashicorp/terraform-provider-google#14569)
- the name removed, the rest the same → a new revision with a generated name (terraform-provider-google#13410)
- a name without the prefix `<service>-` → 400 (Knative RevisionTemplateSpec.Validate: "must have prefix")
- a name longer than 63, or no DNS label → 400 (pipe-cd/pipecd#5688)
- a write of the traffic alone → mints nothing, whatever the template is (discovery: forceNewRevision)
- a revision that does not become ready → the operation fails with code 9; traffic and latestReadyRevision stay
  (transparency-dev/tesseract#413; discovery: Service.reconciling)
- then a write of traffic to ready revisions → the traffic moves, and the operation fails again because the service is
  not ready (Lore-Hex/quill-router#782: "misleading nonzero result"); going back is therefore proved by reading
- an image that does not exist → a revision that does not become ready (google-github-actions/deploy-cloudrun#465)
- an image of another kind of registry → 400 (ko-build/terraform-provider-ko#205)
- a secret version that does not exist, is not enabled, or may not be read by the revision's account → a revision that
  does not become ready
  (terraform-google-modules/terraform-docs-samples#168, sourcegraph/sourcegraph-public-snapshot#59045)
- deleting one with traffic or a tag, the only one, or the latest one → 400 FAILED_PRECONDITION
  (docs: Manage revisions)
- minimum instances of a revision → run whenever it is in the traffic, at 0 % too, or tagged; those of the service
  are divided by percent (docs: Set minimum instances; discovery: ServiceScaling)
- session affinity → a field of the template; it wins over the split, for clients that keep the cookie
  (docs: Set session affinity)

Traffic
- a revision that does not exist → accepted; the operation fails; `traffic` is the new one and `trafficStatuses` the
  old one (terraform-docs-samples#269; quill-router#781; discovery: Service.reconciling). Later changes fail too,
  until `traffic` is mended (quill-router#781)
- percents that do not make 100 → 400 (Knative validateTrafficList: "Traffic targets sum to N, want 100")
- 0 %, with or without a tag → allowed; a tag has its address (docs: Rollbacks, gradual rollouts, traffic migration)
- the default address disabled → no uri, no urls (docs: Default URL), and none for tags, which is the unkind reading
- the same tag twice → 400 (Knative validateTrafficList: "Multiple definitions for")
- a tag shorter than 3, or longer than 46 with the service's name → 400
  (PolicyEngine/policyengine-sim-api#656, PolicyEngine/policyengine-api#3729)
- none in a request without a mask → 100 % to LATEST, also when that replaces named targets
  (discovery: Service.traffic; AIP-134)
- LATEST beside named revisions → allowed; it moves by itself with every revision that becomes ready
  (discovery, run.v1: TrafficTarget.latestRevision)

Not documented, and read unkindly: a target without a type is refused; a revision that failed stays failed, also when
what it lacked is there later; `forceNewRevision` under an existing name is a 409; the etag changes when
reconciliation ends, not only when it begins; a part of the service's minimum is rounded down.
"""
