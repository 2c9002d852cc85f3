"""``check --fix``: what is repaired, what stays as it is, and when nothing is done at all."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from build import (
    ABSENT,
    LISTEN,
    NAME,
    TRAINER,
    Change,
    Files,
    dataset,
    findings,
    genuine,
    inside,
    move,
    package,
    patch_entry,
    put,
    rename_trainer,
    write_zip,
)
from checkpoint_files import slim, with_pickle
from hypothesis import given, settings
from hypothesis import strategies as st
from model_lint.cli import main
from model_lint.rules import all_rules
from model_lint.storage.new_file import TEMPORARY

FIXED = "model_seg_sc-gm_t2star-r20261123.fixed.zip"
FINAL = f"{TRAINER}/fold_0/checkpoint_final.pth"
#: In a change, the training log of the genuine model.
LOG = next(path.removeprefix(f"{TRAINER}/") for path in genuine() if path.endswith(".txt"))


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run where no configuration of this repository applies."""
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)


def check(*arguments: str | Path) -> int:
    return main(["check", *map(str, arguments)])


def contents(path: Path) -> Files:
    with zipfile.ZipFile(path) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist()}


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def beside(change: Files) -> Change:
    """Add entries anywhere."""
    return lambda files: files.update(change)


#: One defect each that can be repaired, with the code that says so.
DEFECTS: dict[str, tuple[str, Change]] = {
    "mac": ("Z008", beside({f"__MACOSX/{TRAINER}/._plans.json": b"\0\5\x16\7"})),
    "store": ("Z008", put(".DS_Store", b"\0\0\0\1Bud1")),
    "thumbs": ("Z008", put("fold_0/Thumbs.db", b"\xd0\xcf")),
    "store at the top": ("Z008", beside({".DS_Store": b"\0\0\0\1Bud1"})),
    "best": ("L012", put("fold_0/checkpoint_best.pth", b"best")),
    "latest": ("L012", put("fold_0/checkpoint_latest.pth", b"latest")),
    "validation": ("L014", put("fold_0/validation/case_1.nii.gz", b"\x1f\x8b")),
    "empty validation": ("L014", put("fold_0/validation/")),
    "crossval": ("L014", put("crossval_results_folds_0/plans.json", "{}")),
    "image": ("L013", put("fold_0/case_1.nii.gz", b"\x1f\x8b")),
    "array": ("L013", put("gt.npz", b"PK")),
    "path": ("V001", put("fold_0/debug.json", '{"output": "/home/jdoe/results/fold_0"}')),
    "host": ("V002", put("fold_0/debug.json", '{"hostname": "gpu7.example.org"}')),
    "subject": (
        "V003",
        put(LOG, "2026-11-23 07:55:13.000000: predicting sub-amu01_T2w\n"),
    ),
}
WRAPPERS = {
    "none": [],
    "plain": ["model"],
    "deep": ["model", "a", "b"],
    "trainer's": ["nnUNetTrainer"],
    "data set's": ["Dataset101_Cord"],
    "data set's in another": ["x", "Dataset101_Cord"],
}


def wrapped(names: list[str]) -> Change:
    def change(files: Files) -> None:
        for name in reversed(names):
            inside(name)(files)

    return change


def codes(path: Path, *, weights: bool = False) -> set[str]:
    return {f.code for f in findings(path, weights=weights)}


# Each repair


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_defect_is_repaired_and_the_rest_is_kept(tmp_path: Path, defect: str) -> None:
    code, change = DEFECTS[defect]
    source = package(tmp_path, change)
    before = digest(source)
    assert code in codes(source)
    assert check(source, "--fix") == 0
    assert digest(source) == before
    fixed = tmp_path / FIXED
    assert code not in codes(fixed)
    wanted = genuine(change)
    after = contents(fixed)
    assert set(after) == set(genuine())
    changed = {path for path in after if after[path] != wanted[path]}
    assert bool(changed) == code.startswith("V")
    assert all(path.endswith(("debug.json", ".txt")) for path in changed)


@pytest.mark.parametrize(
    ("wrapper", "code", "top"),
    [
        (["model"], "L005", ""),
        (["a", "b"], "L004", ""),
        (["a", "b", "c"], "L004", ""),
        (["nnUNetTrainerModels"], "L006", ""),
        (["x", "Dataset101_Cord"], "L004", "Dataset101_Cord/"),
        (["Dataset101_Cord", "x"], "L004", ""),
    ],
)
def test_a_wrapper_is_taken_off(tmp_path: Path, wrapper: list[str], code: str, top: str) -> None:
    source = package(tmp_path, wrapped(wrapper))
    assert code in codes(source)
    assert check(source, "--fix") == 0
    assert contents(tmp_path / FIXED) == {f"{top}{p}": data for p, data in genuine().items()}
    assert code not in codes(tmp_path / FIXED)


def test_what_lies_beside_the_trainer_folder_comes_along(tmp_path: Path) -> None:
    crop = {f"pad_{side}": 5 for side in ("superior", "inferior", "left", "right")}
    crop |= {"pad_anterior": 5, "pad_posterior": 5}
    source = package(
        tmp_path, beside({"crop_metadata.json": json.dumps(crop).encode()}), inside("model")
    )
    assert check(source, "--fix") == 0
    assert "crop_metadata.json" in contents(tmp_path / FIXED)


@pytest.mark.parametrize(
    "change",
    [
        wrapped(["Dataset101_Cord"]),
        lambda files: (inside("model")(files), files.update({"README.md": b"# Model\n"})),
        lambda files: (rename_trainer("model__plans__2d")(files), inside("model")(files)),
    ],
    ids=["a data set's folder", "something beside it", "a trainer folder of a wrong name"],
)
def test_a_wrapper_that_may_be_meant_stays(tmp_path: Path, change: Change) -> None:
    source = package(tmp_path, change)
    assert check(source, "--diff") == 0


def test_equal_entries_of_one_name_become_one(tmp_path: Path) -> None:
    files = [*genuine().items(), (f"{TRAINER}/plans.json", genuine()[f"{TRAINER}/plans.json"])]
    source = write_zip(tmp_path / NAME, files)
    assert "Z007" in codes(source)
    assert check(source, "--fix") == 0
    assert contents(tmp_path / FIXED) == genuine()
    assert "Z007" not in codes(tmp_path / FIXED)


def test_headers_are_written_anew(tmp_path: Path) -> None:
    source = package(tmp_path)
    data = source.read_bytes()
    source.write_bytes(data + b"hidden")
    assert "Z011" in codes(source)
    assert check(source, "--fix") == 0
    assert contents(tmp_path / FIXED) == genuine()
    assert b"hidden" not in (tmp_path / FIXED).read_bytes()[-10:]
    assert "Z011" not in codes(tmp_path / FIXED)


def test_what_this_python_can_unpack_is_compressed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As Zstandard is to Python 3.14: not every consumer's Python has it, but this one does.
    source = tmp_path / NAME
    with zipfile.ZipFile(source, "w", zipfile.ZIP_BZIP2) as archive:
        for path, data in genuine().items():
            archive.writestr(path, data)
    methods = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
    for module in ("storage.zip_member", "ship.repairs", "rules.archive"):
        monkeypatch.setattr(f"model_lint.{module}.READABLE_METHODS", methods)
    assert "Z006" in codes(source)
    assert check(source, "--fix") == 0
    assert contents(tmp_path / FIXED) == genuine()
    assert "Z006" not in codes(tmp_path / FIXED)


# Combinations

REPAIRABLE = {rule.code for rule in all_rules() if rule.repair}


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Return what is found in the genuine package, which is not to be repaired."""
    found = codes(package(tmp_path_factory.mktemp("sound")))
    assert not found & REPAIRABLE
    return found


@settings(max_examples=20, deadline=None)
@given(
    defects=st.sets(st.sampled_from(sorted(DEFECTS))),
    wrapper=st.sampled_from(sorted(WRAPPERS)),
    twice=st.booleans(),
    behind=st.sampled_from([b"", b"hidden"]),
)
def test_any_mixture_is_repaired_and_nothing_new_appears(
    sound: set[str], defects: set[str], wrapper: str, twice: bool, behind: bytes
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = genuine(
            put("fold_0/checkpoint_final.pth", slim()),
            # What lies at the top of the zip stays there.
            *(change for d in sorted(defects) if "top" not in d for _, change in [DEFECTS[d]]),
            wrapped(WRAPPERS[wrapper]),
            *(change for d in sorted(defects) if "top" in d for _, change in [DEFECTS[d]]),
        )
        entries = [*files.items()]
        entries += [next(e for e in entries if e[0].endswith("plans.json"))] * twice
        source = write_zip(folder / NAME, entries)
        source.write_bytes(source.read_bytes() + behind)
        needs = bool(defects) or wrapper not in {"none", "data set's"} or twice or bool(behind)

        assert check(source, "--diff") == int(needs)
        assert check(source, "--fix", "--fail-on", "error") == 0
        fixed = folder / FIXED
        assert fixed.exists() == needs
        if not needs:
            return
        fixed = _named(fixed)
        left = codes(fixed)
        data_set = {"L005"} if "data set" in wrapper else set()
        assert left - data_set <= sound, left
        kept = contents(fixed)
        before = {hashlib.sha256(data).hexdigest() for data in files.values()}
        for path, data in kept.items():
            record = path.endswith(("debug.json", ".txt"))
            assert record or hashlib.sha256(data).hexdigest() in before, path
        assert check(fixed, "--diff") == 0


def _named(fixed: Path) -> Path:
    """Move the zip to where it can have the name that a release needs."""
    place = fixed.parent / "fixed" / NAME
    place.parent.mkdir()
    return fixed.rename(place)


# What is never touched


def test_files_of_the_author_stay_with_their_leaks(tmp_path: Path) -> None:
    source = package(
        tmp_path,
        dataset({"description": "from /home/jdoe/data/cord", "image_orientation": ABSENT}),
        put("notes.txt", "see /home/jdoe/data/cord"),
    )
    assert check(source, "--diff") == 0
    assert check(source, "--fix") == 1  # the orientation, which nobody but the author knows
    assert not (tmp_path / FIXED).exists()


def test_without_a_final_checkpoint_the_others_stay(tmp_path: Path) -> None:
    source = package(
        tmp_path,
        move("fold_0/checkpoint_final.pth", "fold_0/checkpoint_best.pth"),
        put(".DS_Store"),
        put("fold_0/validation/summary.json", "{}"),
    )
    check(source, "--fix")
    assert f"{TRAINER}/fold_0/checkpoint_best.pth" in contents(tmp_path / FIXED)


def test_beside_a_final_checkpoint_that_is_broken_the_others_stay(tmp_path: Path) -> None:
    source = package(
        tmp_path,
        put("fold_0/checkpoint_final.pth", b"cut off"),
        put("fold_0/checkpoint_best.pth", b"best"),
    )
    assert check(source, "--diff") == 0


def test_a_fold_of_another_name_keeps_its_checkpoint(tmp_path: Path) -> None:
    source = package(tmp_path, move("fold_0", "fold_00"), put(".DS_Store"))
    check(source, "--fix")
    path = f"{TRAINER}/fold_00/checkpoint_final.pth"
    assert contents(tmp_path / FIXED)[path] == genuine()[FINAL]


def test_a_fold_of_which_nothing_is_left_stays_as_a_folder(tmp_path: Path) -> None:
    source = package(tmp_path, put("fold_1/validation/case.nii.gz", b"x"), put("fold_2/"))
    assert check(source, "--fix") == 1
    after = contents(tmp_path / FIXED)
    assert {f"{TRAINER}/fold_1/", f"{TRAINER}/fold_2/"} <= after.keys()
    assert "L011" in codes(tmp_path / FIXED)


def test_folders_are_unpacked_as_folders(tmp_path: Path) -> None:
    source = package(tmp_path, put("fold_2/"), put(".DS_Store"))
    check(source, "--fix")
    with zipfile.ZipFile(tmp_path / FIXED) as archive:
        info = archive.getinfo(f"{TRAINER}/fold_2/")
        assert info.is_dir()
        assert info.external_attr >> 16 == 0o040755
        archive.extractall(tmp_path / "unpacked")
    assert (tmp_path / "unpacked" / TRAINER / "fold_2").is_dir()


def test_a_model_in_a_folder_named_like_validation_stays(tmp_path: Path) -> None:
    source = package(tmp_path, wrapped(["a", "validation_study"]))
    assert check(source, "--fix") == 0
    assert contents(tmp_path / FIXED) == genuine()


def test_a_data_set_keeps_its_images(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    image = "Dataset101_Cord/imagesTr/a_0000.nii.gz"
    source = write_zip(
        tmp_path / "data.zip",
        [("Dataset101_Cord/dataset.json", b"{}"), (image, b"x"), (".DS_Store", b"x")],
    )
    check(source, "--diff")
    shown = capsys.readouterr().out
    assert "imagesTr" not in shown
    assert "- .DS_Store" in shown


def test_rules_that_are_ignored_are_not_repaired(tmp_path: Path) -> None:
    source = package(tmp_path, put("fold_0/case.nii.gz", b"x"), put(".DS_Store"))
    assert check(source, "--diff", "--ignore", "L013,Z008") == 0
    (tmp_path / "model-lint.toml").write_text('ignore = { L013 = "public" }\n', encoding="utf-8")
    assert check(source, "--fix") == 0
    after = contents(tmp_path / FIXED)
    assert f"{TRAINER}/fold_0/case.nii.gz" in after
    assert f"{TRAINER}/.DS_Store" not in after


# What is shown


def test_diff_shows_every_repair_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = package(
        tmp_path,
        put("fold_0/debug.json", '{\n"a": "/home/jdoe/results/x",\n"b": 1\n}'),
        put("fold_0/checkpoint_best.pth", b"best"),
        inside("model"),
        beside({"__MACOSX/a": b"", "__MACOSX/b": b""}),
    )
    before = digest(source)
    names = sorted(p.name for p in tmp_path.iterdir())
    assert check(source, "--diff") == 1
    assert capsys.readouterr().out.splitlines() == [
        f"{source} -> {tmp_path / FIXED}: 4 repairs",
        f"- model/{TRAINER}/fold_0/checkpoint_best.pth (L012)",
        "- __MACOSX/ (Z008)",
        f"> model/{TRAINER} -> {TRAINER} (L005)",
        f"~ model/{TRAINER}/fold_0/debug.json (scrubbed: V001)",
        "    @@ line 2",
        '    -"a": "/home/jdoe/results/x",',
        '    +"a": "<path>",',
    ]
    assert sorted(p.name for p in tmp_path.iterdir()) == names
    assert digest(source) == before
    assert check(source, "--diff", "--exit-zero") == 0


def test_a_secret_is_not_shown_and_its_owner_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = "ghp_" + "a1B2" * 9
    source = package(tmp_path, put("fold_0/debug.json", json.dumps({"a": secret})))
    assert check(source, "--diff") == 1
    shown = capsys.readouterr()
    assert secret not in shown.out + shown.err
    assert "(scrubbed: V004)" in shown.out
    assert "make it invalid" in shown.err


def test_a_report_for_programs_keeps_standard_output_to_itself(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = package(tmp_path, put(".DS_Store"))
    assert check(source, "--fix", "--format", "json") == 0
    shown = capsys.readouterr()
    (target,) = json.loads(shown.out)["targets"]
    assert target["target"] == str(tmp_path / FIXED)
    assert {f["code"] for f in target["findings"]} & {"Z008", "L022"} == set()
    assert "- nnUNet" in shown.err


def test_control_characters_of_names_and_logs_are_escaped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = package(
        tmp_path,
        put("._\033[31m", b""),
        put("fold_0/training_log_1.txt", "\033[31m /home/jdoe/results/x\n"),
    )
    assert check(source, "--diff") == 1
    assert "\033" not in capsys.readouterr().out


def test_rules_say_whether_they_can_be_repaired(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rule", "--format", "json"]) == 0
    rules = json.loads(capsys.readouterr().out)
    assert {rule["code"] for rule in rules if rule["fixable"]} == REPAIRABLE
    assert main(["rule", "Z008"]) == 0
    assert "`model-lint check --fix` leaves it out." in capsys.readouterr().out


def test_the_guide_names_every_rule_that_can_be_repaired() -> None:
    guide = (Path(__file__).parents[2] / "docs/guides/fix.md").read_text(encoding="utf-8")
    assert set(re.findall(r"\b[A-Z]\d{3}\b", guide)) == REPAIRABLE


# Where it is written


def test_the_same_zip_gives_the_same_bytes(tmp_path: Path) -> None:
    source = package(tmp_path, put(".DS_Store"), inside("model"))
    os.utime(source, (0, 0))
    for name in ("a.zip", "b.zip"):
        assert check(source, "--fix", "--fix-output", tmp_path / name) == 0
    assert digest(tmp_path / "a.zip") == digest(tmp_path / "b.zip")


def test_in_place(tmp_path: Path) -> None:
    source = package(tmp_path, put(".DS_Store"))
    source.chmod(0o640)
    link = tmp_path / "link" / NAME
    link.parent.mkdir()
    link.symlink_to(source)
    assert check(link, "--fix", "--in-place") == 0
    assert link.is_symlink()
    assert contents(source) == genuine()
    assert source.stat().st_mode & 0o777 == 0o640
    assert not (tmp_path / FIXED).exists()


def test_into_a_folder_under_its_own_name(tmp_path: Path) -> None:
    one = package(tmp_path, put(".DS_Store"))
    two = package(tmp_path, put("._x"), name="model_seg_sc_t2-r20261123.zip")
    (tmp_path / "out").mkdir()
    assert check(one, two, "--fix", "--fix-output", tmp_path / "out") == 0
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == sorted([one.name, two.name])


@pytest.mark.parametrize(
    ("options", "part"),
    [
        (["--in-place"], "give --fix too"),
        (["--fix-output", "a.zip"], "give --fix too"),
        (["--fix", "--in-place", "--fix-output", "a.zip"], "give only one of them"),
        (["--diff", "--format", "json"], "leave out --format"),
        (["--fix", "--fix-output", "no/a.zip"], "no folder no; make it first"),
        (["--fix", "--fix-output", NAME], "is the zip itself: give --in-place"),
        (["other.zip", "--fix", "--fix-output", "a.zip"], "for several targets"),
        (["--fix", "--fix-output", "taken.zip"], "taken.zip exists already"),
    ],
)
def test_wrong_usage_is_one_line(
    tmp_path: Path, options: list[str], part: str, capsys: pytest.CaptureFixture[str]
) -> None:
    source = package(tmp_path, put(".DS_Store"))
    (tmp_path / "taken.zip").write_bytes(b"mine")
    assert check(source, *options) == 2
    error = capsys.readouterr().err
    assert part in error
    assert len(error.splitlines()) == 1
    assert (tmp_path / "taken.zip").read_bytes() == b"mine"
    assert len(list(tmp_path.glob("*.zip"))) == 2


def test_only_zips_are_repaired(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / TRAINER
    with zipfile.ZipFile(package(tmp_path)) as archive:
        archive.extractall(tmp_path)
    for target in (folder, folder / "dataset.json"):
        assert check(target, "--fix") == 2
        error = capsys.readouterr().err
        assert "only zips are repaired" in error
        assert len(error.splitlines()) == 1


# Refusals


def _unsafe(path: Path) -> Path:
    return write_zip(path / NAME, [*genuine().items(), ("../evil.txt", b"x"), (".DS_Store", b"x")])


def _link(path: Path) -> Path:
    link = zipfile.ZipInfo(f"{TRAINER}/link")
    link.external_attr = 0o120777 << 16
    return write_zip(path / NAME, [*genuine(put(".DS_Store")).items(), (link, b"/etc/passwd")])


def _cut(path: Path) -> Path:
    source = package(path, put(".DS_Store"))
    source.write_bytes(source.read_bytes()[:2000])
    return source


def _evil(path: Path) -> Path:
    evil = with_pickle(b"cos\nsystem\n(S'true'\ntR.")
    return package(path, put(".DS_Store"), put("fold_0/checkpoint_final.pth", evil))


def _differing(path: Path) -> Path:
    files = [*genuine(put(".DS_Store")).items(), (f"{TRAINER}/plans.json", b"{}")]
    return write_zip(path / NAME, files)


def _damaged(path: Path) -> Path:
    source = package(path, put(".DS_Store"), put("fold_0/progress.png", b"unique content"))
    source.write_bytes(source.read_bytes().replace(b"unique content", b"eunique conten"))
    return source


def _garbage(path: Path) -> Path:
    (path / NAME).write_bytes(b"no zip")
    return path / NAME


@pytest.mark.parametrize(
    ("build", "part"),
    [
        (_unsafe, "(Z003)"),
        (_link, "(Z004)"),
        (_cut, "(Z002)"),
        (_garbage, "(Z001)"),
        (_evil, "(K001)"),
        (_differing, "with different content (Z007)"),
        (_damaged, "progress.png does not unpack"),
        (lambda p: patch_entry(package(p), FINAL, flags=1), "(Z005)"),
        (lambda p: patch_entry(package(p), FINAL, method=9), "(Z006)"),
    ],
)
def test_a_hostile_or_damaged_zip_is_refused(
    tmp_path: Path,
    build: Callable[[Path], Path],
    part: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    source = build(tmp_path)
    before = digest(source)
    for options in (["--fix"], ["--fix", "--in-place"], ["--fix", "--select", "Z008"]):
        assert check(source, *options) == 2
        error = capsys.readouterr().err
        assert error.startswith(f"model-lint: {source}: not repaired: ")
        assert part in error
        assert len(error.splitlines()) == 1
        assert digest(source) == before
        assert not (tmp_path / FIXED).exists()
        assert not list(tmp_path.glob(f"{TEMPORARY}*"))


def test_what_is_left_out_need_not_be_readable(tmp_path: Path) -> None:
    source = package(tmp_path, put("._x", b"x"))
    patch_entry(source, f"{TRAINER}/._x", method=9)
    assert check(source, "--fix") == 0
    assert contents(tmp_path / FIXED) == genuine()


# Interruptions


def test_a_full_disk_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source = package(tmp_path, put(".DS_Store"))
    before = digest(source)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("model_lint.storage.zip_writer.ZipWriter.finish", full)
    assert check(source, "--fix", "--in-place") == 2
    assert "No space left on device" in capsys.readouterr().err
    assert digest(source) == before
    assert not list(tmp_path.glob(f"{TEMPORARY}*"))


def test_a_byte_that_changes_on_the_way_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from model_lint.storage.zip_writer import MemberStream

    source = package(tmp_path, put(".DS_Store"))
    original = MemberStream.write
    monkeypatch.setattr(
        MemberStream, "write", lambda self, data: original(self, bytes(data)[:-1] + b"?")
    )
    assert check(source, "--fix") == 2
    assert "does not hold what it should" in capsys.readouterr().err
    assert not (tmp_path / FIXED).exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_request_to_stop_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    source = package(tmp_path, put(".DS_Store"))
    before = digest(source)
    code = (
        f"{LISTEN}import os, sys\n"
        "from model_lint import cli\n"
        "from model_lint.ship import new_package\n"
        f"new_package._verify = lambda *_: os.kill(os.getpid(), {int(number)})\n"
        f"sys.exit(cli.main(['check', '--fix', '--in-place', {str(source)!r}]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 128 + number
    assert len(done.stderr.splitlines()) == 1
    assert digest(source) == before
    assert not list(tmp_path.glob(f"{TEMPORARY}*"))
