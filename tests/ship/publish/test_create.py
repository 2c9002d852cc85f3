"""`--create`: the repository is made, described and pushed, or nothing is."""

from __future__ import annotations

import pytest
from github_server.access import Level, Token
from publishing import NAME, OWNER, TAG, Lab
from rules.test_repository import git, write

from .conftest import Publish

REPO = ("--repo", f"{OWNER}/{NAME}")
CREATE = (*REPO, "--create")


def test_a_repository_is_created(new_lab: Lab, publish: Publish) -> None:
    said = publish(*CREATE)
    assert said.status == 0, said
    repository = new_lab.server.state.repository(f"{OWNER}/{NAME}")
    assert repository
    assert not repository.private
    assert repository.description == "Segments the cord of phantoms, with nnU-Net."
    assert repository.homepage == "https://doi.org/10.1/x"
    assert repository.topics == [
        *("deep-learning", "nnunet", "segmentation", "spinal-cord", "gray-matter", "t2star"),
        "phantoms",
    ]
    assert repository.license == "MIT"
    assert repository.default_branch == "trunk"
    assert [ref.name for ref in repository.git.refs()] == ["refs/heads/trunk", f"refs/tags/{TAG}"]
    assert repository.git.sha("trunk") == repository.git.sha(TAG)
    assert "This is the first release." in str(new_lab.releases[0].notes)
    head = repository.git.sha("trunk")
    assert said.out.splitlines()[:4] == [
        f"create the public repository {OWNER}/{NAME} (Segments the cord of phantoms, with "
        "nnU-Net., homepage https://doi.org/10.1/x)",
        f"set its topics: {', '.join(repository.topics)}",
        f"push the branch trunk ({str(head)[:7]})",
        f"create the tag {TAG} on {str(head)[:7]}",
    ]


def test_the_checkout_knows_its_new_origin_and_no_token(new_lab: Lab, publish: Publish) -> None:
    publish(*CREATE)
    config = (new_lab.checkout / ".git" / "config").read_text()
    assert f"url = {new_lab.server.url}/{OWNER}/{NAME}.git" in config
    assert new_lab.token not in config
    assert publish().status == 0  # it is found by its origin now


def test_a_dry_run_creates_nothing(new_lab: Lab, publish: Publish) -> None:
    said = publish(*CREATE, "--dry-run")
    assert said.status == 0
    assert "  create the public repository lab/model_seg_sc-gm_t2star" in said.out
    assert new_lab.writes() == []
    assert new_lab.server.state.repositories == []


def test_it_is_not_created_unless_asked(new_lab: Lab, publish: Publish) -> None:
    said = publish(*REPO)
    assert said.status == 2
    assert f"{OWNER}/{NAME}: not there, or the token can't see it; add --create" in said.err
    assert new_lab.writes() == []


def test_a_repository_that_is_there_stays_as_it_is(lab: Lab, publish: Publish) -> None:
    assert lab.model
    lab.model.repository.description = "By hand"
    assert publish("--create").status == 0
    assert lab.model.repository.description == "By hand"
    assert lab.model.repository.topics == []


def test_an_empty_repository_is_pushed(new_lab: Lab, publish: Publish) -> None:
    owner = new_lab.server.state.owner(OWNER)
    assert owner
    empty = new_lab.server.state.add_repository(owner, NAME)
    empty.description = "By hand"
    git(new_lab.checkout, "remote", "add", "origin", f"{new_lab.server.url}/{OWNER}/{NAME}.git")
    assert f"{OWNER}/{NAME}: empty; push the checkout, or add --create" in publish().err
    assert publish(*CREATE).status == 0
    assert empty.description == "By hand"
    assert empty.default_branch == "trunk"


def test_a_checkout_with_errors_is_not_pushed(new_lab: Lab, publish: Publish) -> None:
    secret = "hf_" + "a1B2" * 9
    write(new_lab.checkout, {"train.py": f'token = "{secret}"\n'})
    git(new_lab.checkout, "add", "--all")
    git(new_lab.checkout, "commit", "--quiet", "--message", "More")
    said = publish(*CREATE)
    assert said.status == 1
    assert "secret-in-git" in said.out
    assert list(new_lab.server.log) == []


@pytest.mark.parametrize("kind", ["classic", "fine-grained"])
def test_a_token_that_may_not_create(
    new_lab: Lab, publish: Publish, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    token = new_lab.server.add_token("guest", {f"{OWNER}/*": "push"}, kind=kind)
    monkeypatch.setenv("GH_TOKEN", token)
    said = publish(*CREATE)
    assert said.status == 2
    assert "it takes Administration: write" in said.err
    assert new_lab.server.state.repositories == []


def test_outside_of_a_checkout(
    new_lab: Lab, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(new_lab.folder)
    said = publish(*CREATE, packages=(str(new_lab.zip),))
    assert (
        said.err == f"model-lint: --create: run it in the checkout of {OWNER}/{NAME}, on a branch\n"
    )


def test_the_login_of_a_workflows_checkout_is_not_sent_too(new_lab: Lab, publish: Publish) -> None:
    key = f"http.{new_lab.server.url}/.extraHeader"
    git(new_lab.checkout, "config", "--local", key, "Authorization: Basic d3Jvbmc6d3Jvbmc=")
    assert publish(*CREATE).status == 0
    pushes = [entry for entry in new_lab.server.log if "receive-pack" in entry.path]
    assert pushes
    assert {entry.token for entry in pushes} == {new_lab.token}


@pytest.mark.parametrize("kind", ["classic", "fine-grained"])
def test_an_administrator_may_create(
    new_lab: Lab, publish: Publish, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    token = new_lab.server.add_token("admin", {f"{OWNER}/*": "admin"}, kind=kind)
    monkeypatch.setenv("GH_TOKEN", token)
    assert publish(*CREATE).status == 0


def test_a_repository_of_ones_own(new_lab: Lab, publish: Publish) -> None:
    own = Token(new_lab.token, "maker", {"maker/*": Level.ADMIN})
    new_lab.server.state.tokens[new_lab.token] = own
    assert publish("--repo", f"maker/{NAME}", "--create").status == 0
    assert new_lab.server.state.repository(f"maker/{NAME}")


def test_a_push_that_fails_is_told_and_repeated(new_lab: Lab, publish: Publish) -> None:
    new_lab.server.fault("500", method="POST", path="git-receive-pack", times=1)
    said = publish(*CREATE)
    assert said.status == 2
    assert said.err.startswith("model-lint: git push: ")
    assert new_lab.token not in said.err
    assert publish(*CREATE).status == 0
