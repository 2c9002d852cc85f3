"""The whole path, against a GitHub on this machine: what is done, and what is refused."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import pty
import struct
import subprocess
import sys
import termios

import pytest
from build import MODEL, dataset, package
from model_lint.cli import main
from model_lint.ship.publish.wanted import Claim
from publishing import NAME, OWNER, PROGRAM, TAG, ZIP, Lab, Said, packed
from rules.test_repository import git, write

from .conftest import Publish

FIRST = f"{OWNER}/{NAME} {TAG}"


def digest() -> str:
    """Return the digest of the package."""
    return hashlib.sha256(packed()).hexdigest()


def refused(said: Said) -> str:
    """Return the one line of a run that ended with 2."""
    assert said.status == 2, said
    assert said.err.startswith("model-lint: ")
    assert said.err.count("\n") == 1
    return said.err.removeprefix("model-lint: ").rstrip("\n")


def test_a_package_is_published(lab: Lab, publish: Publish) -> None:
    said = publish()
    assert said.status == 0, said
    (release,) = lab.releases
    assert (release.draft, release.title) == (False, TAG)
    sums = f"{digest()}  {ZIP}\n".encode()
    assert [(a.name, a.content_type, a.state, a.digest) for a in release.assets] == [
        (ZIP, "application/zip", "uploaded", f"sha256:{digest()}"),
        ("SHA256SUMS", "text/plain", "uploaded", f"sha256:{hashlib.sha256(sums).hexdigest()}"),
    ]
    assert lab.model
    assert lab.model.repository.git.sha(f"refs/tags/{TAG}") == lab.model.head
    assert lab.model.repository.latest == release.id
    assert said.out.splitlines() == [
        f"create the tag {TAG} on {lab.model.head[:7]}",
        f"create a draft of the release {TAG}",
        f"upload {ZIP} ({len(packed()) / 1000:.0f} kB)",
        f"upload SHA256SUMS ({len(sums)} B)",
        f"publish the release {TAG}",
        f"{FIRST} is published: {lab.server.url}/{OWNER}/{NAME}/releases/tag/{TAG}",
        f"  {ZIP}  {len(packed()) / 1000:.0f} kB  sha256 {digest()}",
        f"  SHA256SUMS  {len(sums)} B  sha256 {hashlib.sha256(sums).hexdigest()}",
    ]
    assert said.err == ""


def test_the_tag_says_who_made_it(lab: Lab, publish: Publish) -> None:
    publish()
    assert lab.model
    git_ = lab.model.repository.git
    tag = git_.tag(git_.lines("rev-parse", f"refs/tags/{TAG}")[0])
    claim = Claim.read(tag.message)
    assert claim
    assert claim.login == "maker"
    assert tag.tagger.email == "maker@users.noreply.127.0.0.1"


def test_a_repeat_changes_nothing(lab: Lab, publish: Publish) -> None:
    publish()
    before = lab.end_state()
    lab.server.log.clear()
    said = publish()
    assert said.status == 0
    assert f"{FIRST} is published already, by maker" in said.out
    assert lab.writes() == []
    assert lab.end_state() == before


def test_a_dry_run_says_what_it_would_do_and_sends_nothing(lab: Lab, publish: Publish) -> None:
    said = publish("--dry-run")
    assert said.status == 0
    assert lab.writes() == []
    head, _, notes = said.out.partition("\nwith these notes:\n")
    assert lab.model
    assert head.splitlines() == [
        f"{FIRST}: this would",
        f"  create the tag {TAG} on {lab.model.head[:7]}",
        f"  create a draft of the release {TAG}",
        f"  upload {ZIP} ({len(packed()) / 1000:.0f} kB)",
        "  upload SHA256SUMS (103 B)",
        f"  publish the release {TAG}",
    ]
    publish()
    assert lab.releases[0].notes
    assert lab.releases[0].notes.split() == notes.split()


def test_a_dry_run_after_publication(lab: Lab, publish: Publish) -> None:
    publish()
    said = publish("--dry-run")
    assert said.status == 0
    assert f"{FIRST} is published already, by maker" in said.out


def test_json(lab: Lab, publish: Publish) -> None:
    dry = json.loads(publish("--dry-run", "--format", "json").out)
    assert (dry["published"], dry["url"]) == (False, None)
    done = json.loads(publish("--format", "json").out)
    assert [step["step"] for step in done["steps"]] == [
        "create-tag",
        "create-draft",
        "upload",
        "upload",
        "publish",
    ]
    assert done["steps"] == dry["steps"]
    assert lab.model
    assert (done["repository"], done["tag"]) == (f"{OWNER}/{NAME}", TAG)
    assert (done["published"], done["commit"]) == (True, lab.model.head)
    assert done["url"].endswith(f"/releases/tag/{TAG}")
    assert done["assets"][0] == {"name": ZIP, "bytes": len(packed()), "sha256": digest()}
    assert [target["kind"] for target in done["targets"]] == ["package"]


def test_a_package_with_errors_is_refused_as_check_shows_it(lab: Lab, publish: Publish) -> None:
    package(lab.folder, dataset({"image_orientation": "rpi"}), name=ZIP)
    said = publish()
    assert said.status == 1
    assert "error D004" in said.out
    assert "was not published: see the errors above" in said.err
    assert list(lab.server.log) == []


def test_several_packages_are_one_release(lab: Lab, publish: Publish) -> None:
    names = [f"{NAME}-fold{fold}-{TAG}.zip" for fold in (0, 1)]
    for fold, name in enumerate(names):
        (lab.folder / name).write_bytes(packed(str(fold)))
    said = publish(packages=tuple(f"../{name}" for name in names))
    assert said.status == 0, said
    (release,) = lab.releases
    assert [asset.name for asset in release.assets] == [*names, "SHA256SUMS"]
    addresses = [f"{lab.server.url}/{OWNER}/{NAME}/releases/download/{TAG}/{n}" for n in names]
    assert f"-install -custom-url {' '.join(addresses)}\n" in str(release.notes)
    assert "-f 0 1 " in str(release.notes)


def test_what_pack_splits_is_published_with_its_notes(lab: Lab, publish: Publish) -> None:
    words = ["--name", NAME, "--tag", TAG, "--output", "..", "--notes", "../notes.md"]
    assert main(["pack", str(MODEL), *words, "--split-folds"]) == 0
    names = [f"{NAME}-{TAG}-fold{fold}.zip" for fold in (0, 1)]
    packages = tuple(f"../{name}" for name in names)
    said = publish("--notes", "../notes.md", packages=packages)
    assert said.status == 0, said
    (release,) = lab.releases
    assert [asset.name for asset in release.assets] == [*names, "SHA256SUMS"]
    notes = str(release.notes)
    assert notes.startswith((lab.folder / "notes.md").read_text(encoding="utf-8"))
    assert notes.count("## Training") == 1
    assert "| 1 | 30 |" in notes
    for asset in release.assets[:2]:
        assert f"| `{asset.name}` | {asset.size:,} | `{str(asset.digest)[7:]}` |" in notes
    assert main(["check", f"{OWNER}/{NAME}@{TAG}", "--select", "T,L"]) == 0


def test_zips_that_are_not_one_model_are_refused_together(lab: Lab, publish: Publish) -> None:
    names = [f"{NAME}-fold{fold}-{TAG}.zip" for fold in (0, 1)]
    for name in names:
        (lab.folder / name).write_bytes(packed("0"))
    said = refused(publish(packages=tuple(f"../{name}" for name in names)))
    assert said.startswith("the zips are not folds of one model: ")
    assert said.rstrip().endswith("(T009)")
    assert list(lab.server.log) == []


def test_an_older_release_does_not_become_the_latest(lab: Lab, publish: Publish) -> None:
    assert lab.model
    newer = lab.model.release("r20261124", {"x.zip": b"x"})
    lab.model.repository.latest = newer.id
    assert publish().status == 0
    assert lab.model.repository.latest == newer.id


# ------------------------------------------------------------------------------ what is refused


def test_what_is_not_committed(lab: Lab, publish: Publish) -> None:
    write(lab.checkout, {"train.py": "print(1)\n"})
    assert refused(publish()).startswith("`train.py`: changed, but not committed")
    assert lab.writes() == []


def test_what_is_not_pushed(lab: Lab, publish: Publish) -> None:
    write(lab.checkout, {"train.py": "print(1)\n"})
    git(lab.checkout, "commit", "--quiet", "--all", "--message", "More")
    assert "push it (git push) to the branch main" in refused(publish())
    assert lab.writes() == []


def test_a_commit_may_be_named(lab: Lab, publish: Publish) -> None:
    write(lab.checkout, {"train.py": "print(1)\n"})
    assert publish("--target", "HEAD~1").status == 0
    assert lab.model
    first = lab.model.repository.git.sha("main~1")
    assert lab.model.repository.git.sha(f"refs/tags/{TAG}") == first


def test_a_branch_of_its_own(lab: Lab, publish: Publish) -> None:
    git(lab.checkout, "checkout", "--quiet", "-b", "wider")
    write(lab.checkout, {"train.py": "print(1)\n"})
    git(lab.checkout, "commit", "--quiet", "--all", "--message", "More")
    assert "is not on" in refused(publish())
    assert lab.model
    git(lab.checkout, "push", "--quiet", str(lab.model.repository.git.folder), "wider")
    assert publish().status == 0


@pytest.mark.parametrize("words", [("--target", "main"), ("--target", "r20261101")])
def test_without_a_checkout(
    lab: Lab, publish: Publish, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.chdir(lab.folder)
    assert "which repository?" in refused(publish(packages=(ZIP,)))
    where = ("--repo", f"{OWNER}/{NAME}")
    assert "which commit made the model?" in refused(publish(*where, packages=(ZIP,)))
    assert "no such branch" in refused(publish(*where, "--target", "nowhere", packages=(ZIP,)))
    said = publish(*where, *words, packages=(ZIP,))
    assert said.status == 0, said
    notes = str(lab.releases[0].notes)
    assert "| nnU-Net | 2.8.1, as `pyproject.toml` says |" in notes
    assert "| sc | 0.95 |" in notes
    assert "| Split | `datasplits/splits.yaml`, sha256" in notes


def test_a_package_of_another_repository(lab: Lab, publish: Publish) -> None:
    other = f"model_seg_sc_t1-{TAG}.zip"
    (lab.folder / other).write_bytes(packed())
    said = refused(publish(packages=(f"../{other}",)))
    assert said.startswith(f"{other}: named after model_seg_sc_t1, but the repository is {OWNER}/")


def test_a_renamed_repository(lab: Lab, publish: Publish) -> None:
    assert lab.model
    lab.server.state.rename(lab.model.repository, "model_seg_sc-gm-wm_t2star")
    said = refused(publish())
    assert "the repository is lab/model_seg_sc-gm-wm_t2star" in said
    assert lab.writes() == []


def test_a_tag_on_another_commit(lab: Lab, publish: Publish) -> None:
    assert lab.model
    first = lab.model.repository.git.sha("main~1")
    lab.model.tag(TAG, commit=first)
    assert f"the tag is on {str(first)[:7]} already" in refused(publish())
    assert lab.writes() == []


def test_a_tag_on_the_commit_is_used(lab: Lab, publish: Publish) -> None:
    assert lab.model
    lab.model.tag(TAG)
    said = publish()
    assert said.status == 0
    assert "create the tag" not in said.out


def test_another_package_is_published_already(lab: Lab, publish: Publish) -> None:
    assert lab.model
    lab.model.release(TAG, {ZIP: b"other"}, date="2026-11-23")
    before = lab.end_state()
    said = refused(publish())
    assert f"lab published it on 2026-11-23 with other bytes in `{ZIP}`" in said
    assert "give the package a new tag" in said
    assert lab.writes() == []
    assert lab.end_state() == before


def test_a_published_release_without_the_package(lab: Lab, publish: Publish) -> None:
    assert lab.model
    lab.model.release(TAG, {}, date="2026-11-23")
    assert f"without `{ZIP}`" in refused(publish())
    assert lab.writes() == []


def test_a_release_that_was_published_by_hand(lab: Lab, publish: Publish) -> None:
    assert lab.model
    release = lab.model.release(TAG, date="2026-11-23")
    lab.model.add_asset(release, ZIP, packed(), digest=None)
    said = publish()
    assert said.status == 0
    assert lab.writes() == []
    assert f"  {ZIP}  {len(packed()) / 1000:.0f} kB  GitHub states no digest" in said.out
    assert "  without SHA256SUMS" in said.out


def test_the_draft_of_a_colleague(lab: Lab, publish: Publish) -> None:
    assert lab.model
    lab.model.release(TAG, {}, draft=True)
    said = refused(publish())
    assert said.startswith(f"{TAG}: lab has a draft of it, {lab.server.url}")
    assert lab.writes() == []


def test_a_draft_made_by_hand_is_completed_and_its_notes_are_kept(
    lab: Lab, publish: Publish
) -> None:
    draft = own_draft(lab, {ZIP: packed(), "figure.png": b"x"}, notes="By hand.", title="My model")
    said = publish()
    assert said.status == 0, said
    assert lab.releases == [draft]
    assert (draft.draft, draft.title, draft.notes) == (False, TAG, "By hand.")
    assert [asset.name for asset in draft.assets] == [ZIP, "figure.png", "SHA256SUMS"]
    assert f"upload {ZIP}" not in said.out


def test_empty_notes_of_a_draft_are_written(lab: Lab, publish: Publish) -> None:
    draft = own_draft(lab, {}, notes="")
    assert publish().status == 0
    assert "## Where it comes from" in str(draft.notes)


def test_a_draft_with_another_package_is_refused(lab: Lab, publish: Publish) -> None:
    own_draft(lab, {"old.zip": b"x"})
    assert "its draft has `old.zip` too; delete that from" in refused(publish())


def test_other_bytes_in_the_own_draft_are_replaced(lab: Lab, publish: Publish) -> None:
    draft = own_draft(lab, {ZIP: b"other", "SHA256SUMS": b"other"})
    said = publish()
    assert said.status == 0
    assert f"delete {ZIP} from the draft (has other bytes)" in said.out
    assert {a.name: a.digest for a in draft.assets}[ZIP] == f"sha256:{digest()}"


def own_draft(lab: Lab, assets: dict[str, bytes], notes: str = "x", title: str = TAG):  # type: ignore[no-untyped-def]
    """Add a draft of the user."""
    assert lab.model
    draft = lab.model.release(TAG, assets, draft=True, notes=notes, title=title)
    maker = lab.server.state.owner("maker")
    assert maker
    draft.author = maker
    return draft


def test_notes_of_ones_own(lab: Lab, publish: Publish) -> None:
    (lab.folder / "notes.md").write_text("Better than ever.\n")
    assert publish("--notes", "../notes.md").status == 0
    assert str(lab.releases[0].notes).startswith("Better than ever.\n\n## What changed since")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            b"Fine.\nOf /home/jane/data today.\n",
            "line 2: the path /home/jane/data must not be",
        ),
        (b"\xff", "not UTF-8"),
        (None, "No such file or directory"),
    ],
)
def test_notes_that_are_refused(lab: Lab, publish: Publish, text: bytes | None, said: str) -> None:
    if text is not None:
        (lab.folder / "notes.md").write_bytes(text)
    assert said in refused(publish("--notes", "../notes.md"))
    assert list(lab.server.log) == []


def test_json_of_a_package_with_errors(lab: Lab, publish: Publish) -> None:
    package(lab.folder, dataset({"image_orientation": "rpi"}), name=ZIP)
    said = publish("--format", "json")
    assert said.status == 1
    data = json.loads(said.out)
    assert (data["published"], data["steps"], data["commit"]) == (False, [], None)
    assert [f["code"] for f in data["targets"][0]["findings"] if f["severity"] == "error"] == [
        "D004"
    ]


def test_progress_is_shown_at_a_terminal_only(lab: Lab) -> None:
    master, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    words = [*PROGRAM, str(lab.zip)]
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=terminal, check=True)
    os.close(terminal)
    shown = b""
    with contextlib.suppress(OSError):  # what the end of a terminal is
        while part := os.read(master, 10_000):
            shown += part
    os.close(master)
    assert f"{ZIP}: ".encode() in shown
    assert b"%|" in shown
    assert b"B/s" in shown
    assert b"%|" not in done.stdout
    lab.take_back()
    piped = subprocess.run(words, capture_output=True, check=True)
    assert piped.stderr == b""


def test_without_the_packages_that_publish(
    lab: Lab, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.startswith("model_lint.ship.publish")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "github", None)
    said = refused(publish())
    assert said == '`pip install "model-lint[github]"` adds what publishes (github is missing)'


# ------------------------------------------------------------------------------- who may publish


@pytest.mark.parametrize("kind", ["classic", "fine-grained"])
def test_who_may_write_may_publish(
    lab: Lab, publish: Publish, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    token = lab.server.add_token("writer", {f"{OWNER}/{NAME}": "push"}, kind=kind)
    monkeypatch.setenv("GH_TOKEN", token)
    assert publish().status == 0


def test_no_token(lab: Lab, publish: Publish, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GH_TOKEN", "")
    monkeypatch.setenv("GITHUB_TOKEN", "")
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    assert refused(publish()).startswith("publishing takes a token: set GH_TOKEN")


def test_a_wrong_token(lab: Lab, publish: Publish, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GH_TOKEN", "ghp_wrong")
    assert "GitHub does not accept the token" in refused(publish())


@pytest.mark.parametrize("kind", ["classic", "fine-grained"])
def test_a_reader(lab: Lab, publish: Publish, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    token = lab.server.add_token("guest", {f"{OWNER}/*": "read"}, kind=kind)
    monkeypatch.setenv("GH_TOKEN", token)
    assert "guest may not write to it" in refused(publish())
    assert lab.writes() == []


def test_a_workflow_may_publish(
    lab: Lab, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The token of a workflow belongs to no user, and is shown without permissions."""
    token = lab.server.add_token("github-actions[bot]", {f"{OWNER}/*": "push"}, kind="actions")
    monkeypatch.setenv("GH_TOKEN", token)
    assert publish().status == 0
    assert lab.releases[0].author.login == "github-actions[bot]"


def test_a_token_that_may_only_read_is_told_what_it_takes(
    lab: Lab, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.server.fault("status-403", method="POST", path="/git/tags", times=0)
    said = refused(publish())
    assert said.startswith(f"create the tag {TAG} on ")
    assert "it takes Contents: write (a classic token: public_repo" in said
    assert lab.releases == []


def test_a_password_in_the_address_of_origin_is_not_shown(lab: Lab, publish: Publish) -> None:
    elsewhere = "https://robot:secret@gitlab.com/lab/model.git"
    git(lab.checkout, "remote", "set-url", "origin", elsewhere)
    said = refused(publish())
    assert "git's origin is https://gitlab.com/lab/model.git, not on" in said


def test_a_server_that_is_not_there(
    lab: Lab, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_SERVER_URL", lab.server.url)
    monkeypatch.setenv("GITHUB_API_URL", "http://127.0.0.1:1")
    assert "can't be reached" in refused(publish())
