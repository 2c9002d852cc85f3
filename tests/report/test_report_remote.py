"""Findings of what was read from a server: no file of the checkout has them."""

from __future__ import annotations

import json

from model_lint.findings import Report, Severity, Stats, TargetReport
from model_lint.report import render
from report.sample_report import BROKEN, FOLDER, finding

ASSET = "https://github.com/ivadomed/model_seg_sc/releases/download/r20240915/model_seg_sc.zip"
RELEASE = "ivadomed/model_seg_sc@r20240915"
READ = Stats(bytes_total=10, bytes_read=5, requests=3)
DIGEST = f"sha256:{'0a' * 32}"
REPORT = Report(
    (
        TargetReport(
            RELEASE,
            "release",
            (
                finding("T003", "title-differs", Severity.ERROR, "the title is `x`", RELEASE),
                finding("R004", "placeholder", Severity.INFO, "`TODO`", f"{RELEASE}/README.md", 3),
            ),
            READ,
        ),
        TargetReport(
            ASSET,
            "package",
            (
                finding(
                    "D003",
                    "missing-image-orientation",
                    Severity.ERROR,
                    "no `image_orientation`",
                    f"{ASSET}!/{FOLDER}/dataset.json",
                    7,
                ),
            ),
            READ,
            takes=BROKEN.takes,
            digest=DIGEST,
        ),
    )
)


def test_annotations_say_where_and_point_at_no_file() -> None:
    lines = render(REPORT, "github").splitlines()
    assert not [line for line in lines if "file=" in line]
    where = ASSET.replace("%", "%25")
    fix = "%0AFix: repair it"
    assert lines == [
        f"::error title=T003 title-differs::{RELEASE}: the title is `x`{fix}",
        f"::error title=D003 missing-image-orientation::{where}: {FOLDER}/dataset.json:7: "
        f"no `image_orientation`{fix}",
        f"::notice title=R004 placeholder::{RELEASE}: README.md:3: `TODO`{fix}",
        f"::notice title=Who takes it::{where}: SCT: no (D003, D007, K001 and 2 more), "
        "nnU-Net: no (D007), 3D Slicer: after wrapping it in DatasetNNN_NAME/",
    ]


def test_code_scanning_gets_a_place_in_the_checkout_for_each_finding() -> None:
    """It refuses a whole log without one, or with one such as https://github.com/x.zip."""
    results = json.loads(render(REPORT, "sarif"))["runs"][0]["results"]
    places = [r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for r in results]
    assert places == [
        "ivadomed/model_seg_sc%40r20240915",
        "README.md",
        ASSET.removeprefix("https://"),
    ]


def test_outputs_are_the_counts_and_the_packages_with_a_digest() -> None:
    packages = json.dumps([{"name": "model_seg_sc.zip", "digest": DIGEST}])
    assert render(REPORT, "outputs") == f"errors=2\nwarnings=0\ninfos=1\npackages={packages}\n"


def test_no_name_begins_another_output() -> None:
    target = TargetReport("https://x/a\nstatus=0\r\n", "package", (), READ, digest=DIGEST)
    text = render(Report((target,)), "outputs")
    assert [line.partition("=")[0] for line in text.splitlines()] == [
        "errors",
        "warnings",
        "infos",
        "packages",
    ]
