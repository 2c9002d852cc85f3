"""A zip that a real web server sends is judged as the file is: every case of every rule."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import catalogue
import nginx
import pytest
from build import Case, genuine, load, package, zipped
from model_lint.errors import UsageError
from model_lint.findings import Finding
from model_lint.lint import Options, lint
from model_lint.models.reading import Reading
from model_lint.models.target import Given, Target, load_targets
from model_lint.rules import all_rules
from model_lint.storage.depth import Depth


class Web:
    """A folder and the address under which it is served."""

    def __init__(self, root: Path, address: str) -> None:
        self.root = root
        self._address = address

    def url(self, path: Path) -> str:
        return f"{self._address}/{path.relative_to(self.root)}"

    def load(self, path: Path, name: str | None = None, *, deep: bool = False) -> Target:
        given = Given(name, reading=Reading(Depth.ALL if deep else Depth.END))
        (target,) = load_targets(self.url(path), given)
        return target

    def findings(self, target: Target, path: Path) -> list[Finding]:
        """Return the findings about a target as they are about the file."""
        return [
            found._replace(location=found.location.replace(self.url(path), str(path)))
            for found in findings(target)
        ]


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    root, home = tmp_path_factory.mktemp("served"), tmp_path_factory.mktemp("nginx")
    with nginx.serving(root, home) as address:
        yield Web(root, address)


def findings(target: Target) -> list[Finding]:
    return list(lint(target, Options(all_rules())).findings)


@pytest.mark.parametrize("case", catalogue.of_rules(), ids=str)
def test_the_verdict_is_that_on_the_file(
    case: Case, web: Web, request: pytest.FixtureRequest
) -> None:
    folder = web.root / f"{abs(hash(request.node.name))}"
    folder.mkdir()
    path = case.build(folder)
    if not path.is_file() or path.suffix == ".json":
        return  # a folder, or a dataset.json alone
    try:
        # A server's compressed checkpoints are not unpacked to their ends, as with --quick.
        here = load(path, name=case.name, deep=case.deep, quick=not case.deep)
    except UsageError as error:
        with pytest.raises(UsageError) as there:
            web.load(path, case.name, deep=case.deep)
        assert str(there.value).replace(web.url(path), str(path)) == str(error)
        return
    target = web.load(path, case.name, deep=case.deep)
    assert web.findings(target, path) == findings(here)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_deep_reads_every_byte_once(web: Web, method: int) -> None:
    path = web.root / f"model_seg_sc_t2-r2026010{method}.zip"
    path.write_bytes(zipped(genuine(folds=range(5)).items(), method))
    target = web.load(path, deep=True)
    assert target.deep
    assert web.findings(target, path) == findings(load(path, deep=True))
    size = path.stat().st_size
    assert size <= target.bytes_read < 1.2 * size


def test_a_compressed_checkpoint_is_never_called_clean(web: Web) -> None:
    path = web.root / "model_seg_sc_t2-r20260109.zip"
    path.write_bytes(zipped(genuine().items(), zipfile.ZIP_DEFLATED))
    report = lint(web.load(path), Options(all_rules()))
    assert [finding.code for finding in report.findings] == ["C010", "C011", "C016"]
    assert report.takes == ()


def test_a_package_takes_few_requests(web: Web) -> None:
    folder = web.root / "few"
    folder.mkdir()
    target = web.load(package(folder, folds=range(5)))
    assert target.requests <= 4 + 2 * 5
    assert target.bytes_read <= target.bytes_total
