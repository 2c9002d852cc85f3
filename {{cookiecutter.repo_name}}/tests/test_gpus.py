"""GPUs: which ones may be used, and one process for each; a stand-in answers for the driver."""

from __future__ import annotations

import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

import gpus

SCRIPTS = Path(gpus.__file__).parent
List = Callable[[str], None]

# As `nvidia-smi -L` prints it.
TWO = """\
GPU 0: NVIDIA RTX A6000 (UUID: GPU-aaaa1111-0000-0000-0000-000000000000)
GPU 1: NVIDIA RTX A6000 (UUID: GPU-aaab2222-0000-0000-0000-000000000000)
"""
MIG = """\
GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-cccc0000-0000-0000-0000-000000000000)
  MIG 3g.20gb     Device  0: (UUID: MIG-1111aaaa-0000-0000-0000-000000000000)
  MIG 3g.20gb     Device  1: (UUID: MIG-2222bbbb-0000-0000-0000-000000000000)
GPU 1: NVIDIA A100-SXM4-40GB (UUID: GPU-dddd0000-0000-0000-0000-000000000000)
"""
END = "-0000-0000-0000-000000000000"


@pytest.fixture
def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> List:
    """Return a function that sets what the driver lists."""
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)

    def lists(text: str) -> None:
        gpus.installed.cache_clear()
        (tmp_path / "nvidia-smi").write_text(f"#!/bin/sh\n[ \"$*\" = -L ] && cat <<'E'\n{text}E\n")
        (tmp_path / "nvidia-smi").chmod(0o755)

    return lists


@pytest.mark.parametrize(
    ("text", "wanted", "found"),
    [
        (TWO, None, ["GPU-aaaa1111", "GPU-aaab2222"]),
        (TWO, "1", ["GPU-aaab2222"]),
        (TWO, "1, 0", ["GPU-aaab2222", "GPU-aaaa1111"]),
        (TWO, f"GPU-aaab2222{END}", ["GPU-aaab2222"]),
        (TWO, "GPU-aaab,0", ["GPU-aaab2222", "GPU-aaaa1111"]),
        (TWO, "GPU-aaa", []),
        (TWO, "", []),
        (TWO, "-1", []),
        (TWO, "NoDevFiles", []),
        (TWO, "0,-1,1", ["GPU-aaaa1111"]),
        (TWO, "0,2,1", ["GPU-aaaa1111"]),
        (TWO, "0,GPU-aaaa1111", ["GPU-aaaa1111"]),
        (MIG, None, ["MIG-1111aaaa", "MIG-2222bbbb", "GPU-dddd0000"]),
        (MIG, f"MIG-2222bbbb{END}", ["MIG-2222bbbb"]),
        (MIG, "MIG-2,1", ["MIG-2222bbbb", "GPU-dddd0000"]),
        (MIG, "0,1", ["MIG-1111aaaa", "GPU-dddd0000"]),
        ("", None, []),
    ],
)
def test_visible_devices(
    text: str, wanted: str | None, found: list[str], driver: List, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver(text)
    if wanted is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", wanted)
    assert gpus.visible() == tuple(f"{uuid}{END}" for uuid in found)


def test_no_driver_and_a_driver_that_fails_mean_no_gpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    gpus.installed.cache_clear()
    assert gpus.visible() == ()
    with gpus.taking("cuda", 1) as taken:  # a GPU of another maker, which torch also calls cuda
        assert taken == {}
    assert "nvidia-smi lists no GPU, so GPUs can't be shared out" in capsys.readouterr().out
    (tmp_path / "nvidia-smi").write_text("#!/bin/sh\necho NVIDIA-SMI has failed\nexit 9\n")
    (tmp_path / "nvidia-smi").chmod(0o755)
    gpus.installed.cache_clear()
    assert gpus.visible() == ()


@pytest.mark.parametrize("device", ["cpu", "mps"])
def test_other_devices_take_no_gpu(device: str, driver: List) -> None:
    driver(TWO)
    with gpus.taking(device, 1) as taken:
        assert taken == {}


def test_too_few_gpus(driver: List, monkeypatch: pytest.MonkeyPatch) -> None:
    driver(TWO)
    with pytest.raises(ValueError, match=r"^needs 3 GPUs \(.*\), but 2 GPUs visible$"):
        gpus.taking("cuda", 3).__enter__()
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    with pytest.raises(ValueError, match=r"0 GPUs visible \(CUDA_VISIBLE_DEVICES is ''\)"):
        gpus.taking("cuda", 1).__enter__()


def torch_with(monkeypatch: pytest.MonkeyPatch, **available: bool) -> None:
    def answer(name: str) -> SimpleNamespace:
        return SimpleNamespace(is_available=lambda: available.get(name, False))

    backends = SimpleNamespace(mps=answer("mps"))
    monkeypatch.setitem(
        sys.modules, "torch", SimpleNamespace(cuda=answer("cuda"), backends=backends)
    )


@pytest.mark.parametrize("has", ["cuda", "mps"])
def test_a_gpu_is_used_if_the_step_may(has: str, monkeypatch: pytest.MonkeyPatch) -> None:
    torch_with(monkeypatch, **{has: True})
    assert gpus.device_for("auto", 1) == has
    assert gpus.device_for("auto", 0) == "cpu"


def test_no_gpu_is_said(
    driver: List, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    torch_with(monkeypatch)
    driver("")
    assert gpus.device_for("auto", 1) == "cpu"
    assert capsys.readouterr().out == "no GPU is visible: using the processor\n"
    assert gpus.device_for("cpu", 1) == "cpu"
    assert capsys.readouterr().out == ""


def test_gpus_that_torch_can_not_use_are_not_left_idle(
    driver: List, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch_with(monkeypatch)
    driver(TWO)
    with pytest.raises(ValueError, match=r"torch can't use a GPU, but nvidia-smi lists 2 GPUs"):
        gpus.device_for("auto", 1)
    assert gpus.device_for("auto", 0) == gpus.device_for("cpu", 1) == "cpu"
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert gpus.device_for("auto", 1) == "cpu"


def test_mig_devices_do_not_work_together(driver: List) -> None:
    driver(MIG)
    with pytest.raises(ValueError, match=r"but 1 GPU visible; CUDA uses only one MIG device"):
        gpus.taking("cuda", 2).__enter__()


def fresh(count: int) -> list[str]:
    """New names, so that tests that run at the same time don't share them."""
    return [f"GPU-{uuid.uuid4()}" for _ in range(count)]


def listed(names: list[str]) -> str:
    return "".join(f"GPU {i}: NVIDIA (UUID: {name})\n" for i, name in enumerate(names))


HOLD = f"""\
import sys
sys.path.insert(0, {str(SCRIPTS)!r})
import gpus
with gpus.taking("cuda", int(sys.argv[1])) as taken:
    print(taken["CUDA_VISIBLE_DEVICES"], flush=True)
    sys.stdin.read()
"""


def holder(count: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", HOLD, str(count)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def taken(process: subprocess.Popen[str]) -> list[str]:
    names = said(process).removeprefix("using ").split(", ")
    assert said(process).split(",") == names
    return names


def test_nobody_gets_a_gpu_that_another_process_has(driver: List) -> None:
    names = fresh(3)
    driver(listed(names))
    with holder(2) as first, holder(1) as second:
        found = [*taken(first), *taken(second)]
        assert sorted(found) == sorted(names)
        first.terminate()
        second.terminate()


@pytest.mark.parametrize("end", ["close", "kill", "terminate"])
def test_who_waits_gets_the_gpu_however_its_process_ends(end: str, driver: List) -> None:
    names = fresh(1)
    driver(listed(names))
    with holder(1) as first:
        assert taken(first) == names
        with holder(1) as second:
            assert said(second) == "waiting for 1 GPU: 1 GPU visible, in use"
            assert first.stdin is not None
            {"close": first.stdin.close, "kill": first.kill, "terminate": first.terminate}[end]()
            assert taken(second) == names
            second.terminate()


def test_who_needs_two_keeps_none_while_it_waits(driver: List) -> None:
    """Else two such trainings would wait for each other for ever."""
    names = fresh(2)
    driver(listed(names))
    with holder(1) as first:
        assert taken(first) == names[:1]
        with holder(2) as second:
            assert said(second) == "waiting for 2 GPUs: 2 GPUs visible, in use"
            with holder(1) as third:
                assert taken(third) == names[1:]
                third.terminate()
            first.terminate()
            assert taken(second) == names
            second.terminate()
