"""Whether the BIDS files changed: every change is seen; without one, nothing is searched."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import sources
from conftest import settings_for
from images import ENDINGS
from notes import Note, write_note
from settings import Settings

HOUR = 3600 * 10**9


@pytest.fixture
def made(config: dict[str, Any], phantom_bids: Path, tmp_path: Path) -> Settings:
    """Settings of a dataset that nobody changed for an hour, and that was seen once."""
    shutil.copytree(phantom_bids / "bids", tmp_path / "bids")
    settings = settings_for(config, tmp_path)
    (settings.work / "notes").mkdir(parents=True)
    age(tmp_path / "bids")
    sources.sources(settings)
    assert memory(settings).is_file()
    return settings


def age(root: Path) -> None:
    then = time.time_ns() - HOUR
    for path in (root, *root.rglob("*")):
        os.utime(path, ns=(then, then))


def memory(settings: Settings) -> Path:
    return settings.work / "notes" / "sources.json"


def first(settings: Settings, pattern: str) -> Path:
    return min(p for p in settings.dataset.bids.glob(pattern) if p.name.endswith(ENDINGS))


def label(settings: Settings) -> Path:
    return first(settings, f"{settings.dataset.labels_folder}/sub-*/**/*")


def image(settings: Settings) -> Path:
    return first(settings, "sub-*/**/*")


def written_again(path: Path) -> None:
    path.write_bytes(path.read_bytes())


def other_file_of_the_same_size(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(bytes(path.stat().st_size))
    other.replace(path)


CHANGES: dict[str, Callable[[Settings], object]] = {
    "an image is written again": lambda s: written_again(image(s)),
    "a label is written again": lambda s: written_again(label(s)),
    "a label is replaced": lambda s: other_file_of_the_same_size(label(s)),
    "a label is gone": lambda s: label(s).unlink(),
    "a label has another name": lambda s: label(s).rename(label(s).with_name("x.nii.gz")),
    "an image is gone": lambda s: image(s).unlink(),
    "a subject is gone": lambda s: shutil.rmtree(min(s.dataset.bids.glob("sub-*"))),
    "a subject is new": lambda s: shutil.copytree(
        min(s.dataset.bids.glob("sub-*")), s.dataset.bids / "sub-new"
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_every_change_is_seen(change: Callable[[Settings], object], made: Settings) -> None:
    seen = sources.sources(made)
    change(made)
    assert sources.sources(made) != seen


def test_nothing_is_searched_while_nothing_changes(
    made: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = sources.sources(made)
    monkeypatch.delattr(sources, "find_samples")
    assert sources.sources(made) == seen
    memory(made).unlink()
    with pytest.raises(NameError):
        sources.sources(made)


def test_what_does_not_concern_the_samples_changes_nothing(made: Settings) -> None:
    seen = sources.sources(made)
    image(made).with_name("notes.txt").write_text("a file that nobody asked for", "utf-8")
    assert sources.sources(made) == seen


def test_a_digest_from_memory_is_that_of_a_search(made: Settings) -> None:
    seen = sources.sources(made)
    memory(made).unlink()
    assert sources.sources(made) == seen


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"asked": 1}', "\x00"])
def test_a_broken_memory_is_no_memory(content: str, made: Settings) -> None:
    seen = sources.sources(made)
    memory(made).write_text(content, "utf-8")
    assert sources.sources(made) == seen


def test_a_dataset_that_changed_just_now_is_searched_again(made: Settings) -> None:
    """Disks with coarse clocks may give a second change the same time."""
    written_again(label(made))
    memory(made).unlink()
    sources.sources(made)
    assert not memory(made).exists()


def test_settings_and_the_exclude_file_count(made: Settings, tmp_path: Path) -> None:
    seen = sources.sources(made)
    fewer = replace(made, dataset=replace(made.dataset, exclude={"sub-001": "why"}))
    assert sources.sources(fewer) != seen
    file = tmp_path / "exclude.yml"
    file.write_text("- sub-002\n", "utf-8")
    listed = replace(made, dataset=replace(made.dataset, exclude_file=file))
    before = sources.sources(listed)
    file.write_text("- sub-003\n", "utf-8")
    assert sources.sources(listed) != before


def test_a_dataset_that_is_gone_counts_as_unchanged(made: Settings, tmp_path: Path) -> None:
    gone = replace(made, dataset=replace(made.dataset, bids=tmp_path / "gone"))
    seen = sources.sources(made)
    assert sources.sources(gone) != seen
    write_note(made.work, "convert", Note("abc", {}, 0, seen))
    assert sources.sources(gone) == seen


def test_what_the_evaluation_compares_counts(made: Settings, tmp_path: Path) -> None:
    table, theirs = made.dataset.bids / "participants.tsv", tmp_path / "rater2" / "sub-001.nii.gz"
    theirs.parent.mkdir()
    plain = replace(made, evaluation=replace(made.evaluation, groups=(), compare={}))
    asked = replace(plain.evaluation, groups=("site",), compare={"rater2": theirs.parent})
    wanted = replace(made, evaluation=asked)
    seen = [(sources.compared(plain), sources.compared(wanted))]
    for path in (table, theirs):
        path.write_text("changed", "utf-8")
        seen.append((sources.compared(plain), sources.compared(wanted)))
    assert [len(set(digests)) for digests in zip(*seen, strict=True)] == [1, 3]
    gone = replace(wanted, dataset=replace(wanted.dataset, bids=tmp_path / "gone"))
    assert sources.compared(gone) == seen[-1][1]


def test_a_first_dry_run_leaves_no_work_folder(made: Settings) -> None:
    shutil.rmtree(made.work)
    sources.sources(made)
    assert not made.work.exists()


def test_the_memory_is_not_of_names_that_json_changes(made: Settings) -> None:
    known = json.loads(memory(made).read_text("utf-8"))
    assert str(image(made)) in known["files"]
    assert str(image(made).parent) in known["folders"]
