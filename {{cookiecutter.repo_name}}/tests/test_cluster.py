"""What a Slurm cluster never starts is said before anything is submitted, and nothing else is."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

import cluster

# As `sinfo` prints it. `cloud` has no nodes until they are needed.
NODES = tuple(
    map(
        cluster.parse,
        (
            "cpu*|3:00:00|64|257000|(null)",
            "gpu|1-00:00:00|48|515000|gpu:a100:4(S:0-1),lscratch:100",
            "gpu|1-00:00:00|64+|128000+|gpu:A100_3g.20gb:8",
            "old|30:00|16|64000|gpu:2",
            "cloud|infinite|0|0|(null)",
            "parts|7-00:00:00|128|1M|gpu:a100:2(S:0,2),gpu:a100:2(S:1,3)",
        ),
    )
)
RESOURCES = {"slurm_account": "def-me", "slurm_partition": "gpu", "runtime": 1440, "gpu": 1}
OPTIONS = SimpleNamespace(qos=None)
ACCOUNTS = frozenset({"def-me", "def-you"})


def said(threads: int = 12, options: object = OPTIONS, **resources: Any) -> str | None:
    job = cluster.request("train", threads, {**RESOURCES, "mem_mb": 65536, **resources}, options)
    return cluster.refusal(job, NODES, ACCOUNTS) or cluster.lack(job, NODES)


PROFILE = "workflow/profiles/slurm/config.yaml"
WRONG = {
    "account": (
        {"slurm_account": "def-m"},
        f"account 'def-m' is none of yours (def-me, def-you): see {PROFILE}",
    ),
    "partition": (
        {"slurm_partition": "gpus"},
        f"no partition is named 'gpus' (cloud, cpu, gpu, old, parts): see {PROFILE}",
    ),
    "time": (
        {"runtime": 2160},
        "its time limit is 36 h, but the partition allows 24 h: see runtime in " + PROFILE,
    ),
    "minutes": (
        {"slurm_partition": "old", "runtime": 60},
        "its time limit is 1 h, but the partition allows 0.5 h: see runtime in " + PROFILE,
    ),
    "type of GPU": (
        {"gpu_model": "h100"},
        "asks for 1 GPU of type h100, but a node has none: see gpu_model in "
        f"{PROFILE} (types: a100, a100_3g.20gb)",
    ),
    "number of GPUs": (
        {"gpu": 5, "gpu_model": "a100"},
        "asks for 5 GPUs of type a100, but a node has at most 4: see gpu_model in "
        f"{PROFILE} (types: a100, a100_3g.20gb)",
    ),
    "no GPU": (
        {"slurm_partition": "cpu", "runtime": 60},
        "asks for 1 GPU, but a node has none: see resources in config.yaml",
    ),
    "processors beside such a GPU": (
        {"threads": 64, "gpu_model": "a100"},
        "asks for 64 processors, but a node has at most 48: see resources in config.yaml",
    ),
    "a little more memory": (
        {"slurm_partition": "cpu", "runtime": 60, "gpu": 0, "mem_mb": 257024},
        "asks for 251 GB of memory, but a node has at most 250.9: see resources in config.yaml",
    ),
    "other options that set no limits": (
        {"runtime": 2160, "slurm_extra": "'--mail-type=END --mail-user=me-q@example.org --quiet'"},
        "its time limit is 36 h, but the partition allows 24 h: see runtime in " + PROFILE,
    ),
    "memory of each processor": (
        {"slurm_partition": "old", "runtime": 30, "mem_mb_per_cpu": 6000, "mem_mb": 1},
        "asks for 70.31 GB of memory, but a node has at most 62.5: see resources in config.yaml",
    ),
    "memory": (
        {"slurm_partition": "old", "runtime": 30, "mem_mb": 65536},
        "asks for 64 GB of memory, but a node has at most 62.5: see resources in config.yaml",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_never_starts_is_said(name: str) -> None:
    resources, message = WRONG[name]
    assert said(**resources) == message


@pytest.mark.parametrize(
    "resources",
    [
        {},
        {"slurm_account": "DEF-ME, def-you"},
        {"slurm_partition": "cpu,gpu"},
        {"slurm_partition": None, "runtime": 10**6},
        {"slurm_partition": "cloud", "gpu_model": "b200", "gpu": 16, "threads": 999},
        {"gpu": 8, "gpu_model": "a100_3g.20gb", "threads": 128, "mem_mb": 10**6},
        {"slurm_partition": "old", "runtime": 30, "gpu": 2, "mem_mb": 64000},
        {"runtime": 2160, "qos": "long"},
        {"mem_mb": None, "slurm_partition": None, "runtime": None, "gpu": None},
        {"slurm_partition": "there", "clusters": "other"},
        {"runtime": 2160, "options": SimpleNamespace(reservation="course")},
        {"runtime": 2160, "slurm_extra": "'--mail-type=END -q long'"},
        {"runtime": 2160, "slurm_extra": "--reservation=course"},
        {"slurm_partition": "old", "runtime": 30, "threads": 64, "cpus_per_gpu": 8, "mem_mb": 1},
        {"slurm_partition": "old", "runtime": 30, "mem_mb_per_cpu": 4000},
        {"slurm_partition": "parts", "gpu": 4, "gpu_model": "a100"},
    ],
)
def test_what_may_start_is_not_refused(resources: dict[str, Any]) -> None:
    assert said(**resources) is None


@pytest.mark.parametrize("name", ["SBATCH_QOS", "SBATCH_RESERVATION", "SLURM_CLUSTERS"])
def test_what_sbatch_reads_from_the_environment(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert said(runtime=2160) is not None
    monkeypatch.setenv(name, "other")
    assert said(runtime=2160) is None


def test_a_qos_that_nobody_asks_for_may_allow_more_time(monkeypatch: pytest.MonkeyPatch) -> None:
    job = cluster.request("train", 12, {**RESOURCES, "runtime": 2160}, OPTIONS)
    monkeypatch.setattr(cluster, "nodes", lambda: NODES)
    for flags, refused in {
        "": 1,
        "DenyOnLimit\n": 1,
        "\nDenyOnLimit,PartitionTimeLimit": 0,
    }.items():
        answers = {"format=account": "def-me", "format=flags": flags}
        monkeypatch.setattr(cluster, "output", lambda *command, a=answers: a[command[-1]])
        assert len(cluster.refusals([job])) == refused


def test_other_lines_of_sinfo_are_no_nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = "Welcome\nCLUSTER: one\ncpu*|3:00:00|64|257000|(null)\n\n"
    monkeypatch.setattr(cluster, "output", lambda *_: lines)
    assert [nodes.partition for nodes in cluster.nodes()] == ["cpu"]


def test_nothing_is_refused_where_slurm_says_nothing() -> None:
    job = cluster.request("train", 12, RESOURCES, OPTIONS)
    assert cluster.refusal(job, (), frozenset()) is None
    assert cluster.lack(job, ()) is None


def test_names_that_only_the_site_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slurm has the last word on what it has; each reason is one line for all rules."""
    job = cluster.request("train", 12, {**RESOURCES, "gpu_model": "big"}, OPTIONS)
    monkeypatch.setattr(cluster, "nodes", lambda: NODES)
    monkeypatch.setattr(cluster, "accounts", lambda: ACCOUNTS)
    known = {"--gpus=big:1", "--partition=alias"}
    monkeypatch.setattr(cluster, "succeeds", lambda *command: not known.isdisjoint(command))
    assert cluster.refusals([job, replace(job, rule="predict")]) == []
    assert cluster.refusals([replace(job, partitions=("alias",), gpu_model="")]) == []
    monkeypatch.setattr(cluster, "succeeds", lambda *_: False)
    (line,) = cluster.refusals([job, replace(job, rule="predict")])
    assert line.startswith("predict, train: asks for 1 GPU of type big, but a node has none")
