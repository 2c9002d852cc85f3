"""The release workflow of a generated repository, run against the test server, step by step."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from actions import Event, JobRun, Place, run_workflow
from build import ABSENT, dataset, package
from github_server import GitHubServer
from github_server.seed import File
from github_server.state import Comment, Release
from template.support import bake, files

NAME, TAG = "model_seg_sc-gm_t2star", "r20261123"
#: Is tested by itself, for it takes seconds.
INSTALL = frozenset({"Install model-lint"})
ATTEST, UPLOAD = "actions/attest-build-provenance", "github/codeql-action/upload-sarif"

Jobs = dict[str, list[JobRun]]


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A generated repository; tests only read it."""
    return bake(tmp_path_factory.mktemp("generated") / "output", custom_trainer="yes")


@pytest.fixture(scope="module")
def zips(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """A package without an error, and one that SCT can't use."""
    folder = tmp_path_factory.mktemp("zips")
    (folder / "wrong").mkdir()
    name = f"{NAME}-{TAG}.zip"
    orientation = dataset({"image_orientation": ABSENT})
    return {
        "right": package(folder, name=name),
        "wrong": package(folder / "wrong", orientation, name=name),
    }


class Model:
    """A model repository on the test server, with the generated workflow."""

    def __init__(
        self, server: GitHubServer, generated: Path, folder: Path, files: Mapping[str, File]
    ) -> None:
        self.server, self.folder = server, folder
        self.workflow = generated / ".github" / "workflows" / "release.yml"
        owner = server.add_owner("ivadomed")
        self.repository = owner.add_repository(NAME, files, date="2026-11-20")
        self.runs = 0

    @property
    def comments(self) -> list[Comment]:
        return self.repository.repository.commit_comments

    def release(self, *zips: Path, tag: str = TAG, digest: str | None = "") -> Release:
        made = self.repository.release(tag, date="2026-11-23")
        for number, path in enumerate(zips):
            name = path.name if len(zips) == 1 else path.name.replace(".zip", f"-{number}.zip")
            at = datetime(2026, 11, 23, tzinfo=timezone.utc)
            self.repository.add_asset(made, name, path, date=at, digest=digest)
        return made

    def publish(self) -> Jobs:
        """Run the workflow as GitHub does when the release is published."""
        payload = {"action": "published", "release": {"tag_name": TAG}}
        return self.run(Event("release", f"refs/tags/{TAG}", payload))

    def by_hand(self, tag: str = TAG, *, withdraw: bool = False) -> Jobs:
        """Run the workflow as a person does on the page of the repository."""
        inputs = {"tag": tag, "withdraw": withdraw}
        return self.run(Event("workflow_dispatch", "refs/heads/main", {"inputs": inputs}, inputs))

    def run(self, event: Event) -> Jobs:
        self.runs += 1
        place = Place(self.server, self.repository, self.folder / str(self.runs))
        return run_workflow(self.workflow, place, event, skip=INSTALL)


@pytest.fixture
def model(generated: Path, tmp_path: Path) -> Iterator[Model]:
    with GitHubServer() as server:
        yield Model(
            server, generated, tmp_path, {name: generated / name for name in files(generated)}
        )


def results(jobs: Jobs) -> dict[str, str]:
    """Return the results of the jobs that ran."""
    return {key: run.result for key, runs in jobs.items() for run in runs}


def used(jobs: Jobs, job: str, action: str) -> list[dict[str, Any]]:
    """Return what was handed to an action, each time that it ran."""
    steps = [run.steps[action] for run in jobs[job] if action in run.steps]
    return [step.inputs for step in steps if step.outcome != "skipped"]


def test_a_clean_release_stays_and_is_attested(model: Model, zips: Mapping[str, Path]) -> None:
    release = model.release(zips["right"])
    jobs = model.publish()
    assert results(jobs) == {"check": "success", "attest": "success", "code-scanning": "success"}
    assert not release.draft
    assert not model.comments
    (asset,) = release.assets
    assert used(jobs, "attest", ATTEST) == [
        {"subject-name": asset.name, "subject-digest": asset.digest}
    ]


def test_a_failing_release_goes_back_to_draft_with_the_reason(
    model: Model, zips: Mapping[str, Path]
) -> None:
    release = model.release(zips["wrong"])
    jobs = model.publish()
    assert results(jobs) == {
        "check": "failure",
        "withdraw": "success",
        "code-scanning": "success",
    }
    assert release.draft
    (comment,) = model.comments
    assert comment.commit == model.repository.repository.git.sha(f"refs/tags/{TAG}")
    assert "is a draft again" in comment.body
    assert "missing-image-orientation" in comment.body
    run = f"{model.server.url}/ivadomed/{NAME}/actions/runs/1234567"
    assert f"([details]({run}))" in comment.body


def test_the_findings_are_annotations_a_summary_and_a_log(
    model: Model, zips: Mapping[str, Path]
) -> None:
    model.release(zips["wrong"])
    jobs = model.publish()
    (check,) = jobs["check"]
    step = check.steps["check"]
    assert "\n::error " in step.log
    assert "D003 missing-image-orientation" in step.log
    assert step.summary.startswith("## model-lint: 1 error")
    assert check.outputs["status"] == "1"
    (upload,) = used(jobs, "code-scanning", UPLOAD)
    log = json.loads(Path(upload["sarif_file"]).read_text(encoding="utf-8"))
    places = [
        place["physicalLocation"]["artifactLocation"]["uri"]
        for result in log["runs"][0]["results"]
        for place in result["locations"]
    ]
    assert places
    # Code scanning refuses a log with any other scheme than that of the checkout, which is none.
    assert not [place for place in places if ":" in place]
    assert upload["ref"] == f"refs/tags/{TAG}"
    assert upload["sha"] == model.repository.repository.git.sha(f"refs/tags/{TAG}")


def test_a_second_run_does_not_comment_twice(model: Model, zips: Mapping[str, Path]) -> None:
    release = model.release(zips["wrong"])
    model.publish()
    release.draft = False
    assert results(model.publish())["withdraw"] == "success"
    assert release.draft
    assert len(model.comments) == 1


def test_a_repaired_release_is_published(model: Model, zips: Mapping[str, Path]) -> None:
    release = model.release(zips["wrong"])
    model.publish()
    release.assets.clear()
    model.repository.add_asset(release, zips["right"].name, zips["right"])
    release.draft, release.published_at = False, datetime.now(tz=timezone.utc)
    assert results(model.publish())["check"] == "success"
    assert not release.draft


def test_each_of_several_zips_is_linted_and_attested(
    model: Model, zips: Mapping[str, Path]
) -> None:
    release = model.release(zips["right"], zips["wrong"])
    jobs = model.publish()
    assert release.draft
    (comment,) = model.comments
    assert f"{NAME}-{TAG}-1.zip" in comment.body.replace("\\", "")  # those escape Markdown
    assert "attest" not in results(jobs)

    release.assets.pop()
    model.repository.add_asset(release, f"{NAME}-{TAG}-2.zip", zips["right"])
    release.draft = False
    jobs = model.publish()
    assert results(jobs)["attest"] == "success", jobs["check"][0].log
    names = [given["subject-name"] for given in used(jobs, "attest", ATTEST)]
    assert names == [asset.name for asset in release.assets]


def test_a_defect_of_the_repository_does_not_withdraw_a_release(
    model: Model, zips: Mapping[str, Path]
) -> None:
    """It can't be repaired in the release, and lint.yml reports it at each push."""
    model.repository.commit({"LICENSE": None}, "2026-11-21")
    model.release(zips["right"])
    assert results(model.publish())["check"] == "success"


def test_it_works_in_a_repository_that_was_not_generated(
    generated: Path, zips: Mapping[str, Path], tmp_path: Path
) -> None:
    with GitHubServer() as server:
        model = Model(server, generated, tmp_path, {"README.md": "# An old model\n"})
        model.release(zips["right"])
        assert set(results(model.publish()).values()) == {"success"}


def test_what_was_not_read_is_not_withdrawn(model: Model, zips: Mapping[str, Path]) -> None:
    release = model.release(zips["right"])
    model.server.fault("status-403", path="/releases", times=0)
    jobs = model.publish()
    assert results(jobs) == {"check": "failure"}
    assert jobs["check"][0].outputs["status"] == "2"
    assert not release.draft


def test_by_hand_the_release_stays_unless_it_is_to_be_withdrawn(
    model: Model, zips: Mapping[str, Path]
) -> None:
    release = model.release(zips["wrong"])
    assert results(model.by_hand()) == {"check": "failure", "code-scanning": "success"}
    assert not release.draft
    assert results(model.by_hand(withdraw=True))["withdraw"] == "success"
    assert release.draft


@pytest.mark.parametrize("tag", ["r20990101", "", "$(touch pwned)", '"; touch pwned; "', "a\nb"])
def test_by_hand_no_tag_is_taken_for_a_command(
    tag: str, model: Model, zips: Mapping[str, Path]
) -> None:
    model.release(zips["right"])
    jobs = model.by_hand(tag, withdraw=True)
    assert results(jobs) == {"check": "failure"}
    (check,) = jobs["check"]
    assert check.outputs["status"] == "2"
    assert "Traceback" not in check.log
    assert not list(model.folder.rglob("pwned"))


@pytest.mark.parametrize(
    ("status", "said"),
    [("403", "GitHub answers 403"), ("500", "GitHub answers 500")],
)
def test_without_code_scanning_nothing_is_uploaded_and_nothing_fails(
    status: str, said: str, model: Model, zips: Mapping[str, Path]
) -> None:
    model.release(zips["right"])
    model.server.fault(f"status-{status}", path="/code-scanning/", times=0)
    jobs = model.publish()
    assert results(jobs)["code-scanning"] == "success"
    assert used(jobs, "code-scanning", UPLOAD) == []
    assert f"::notice::No code scanning here ({said})" in jobs["code-scanning"][0].log


def test_a_private_repository_is_not_attested(model: Model, zips: Mapping[str, Path]) -> None:
    model.repository.repository.private = True
    model.release(zips["right"])
    jobs = model.publish()
    assert results(jobs) == {"check": "success", "code-scanning": "success"}


def test_an_asset_without_a_digest_is_not_attested(model: Model, zips: Mapping[str, Path]) -> None:
    """GitHub has no digests of what was uploaded before June 2025."""
    model.release(zips["right"], digest=None)
    assert "attest" not in results(model.publish())


def test_without_the_permission_the_release_stays_and_the_run_fails(
    model: Model, zips: Mapping[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An organization may forbid workflows to write."""
    monkeypatch.setattr("actions.workflow._LEVELS", {"read": "read", "write": "read"})
    release = model.release(zips["wrong"])
    jobs = model.publish()
    assert results(jobs)["withdraw"] == "failure"
    assert not release.draft
    assert "GitHub refuses access: Resource not accessible" in jobs["withdraw"][0].log
