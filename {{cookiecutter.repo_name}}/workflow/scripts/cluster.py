"""What a Slurm cluster has, compared with what the jobs of a run ask for, before one is submitted.

Else a wrong account fails once for each job and each retry, a wrong type of GPU is found when the
preprocessing is over, and a time limit above the partition's makes a job wait for ever.
"""

from __future__ import annotations

import getpass
import math
import os
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from common import count
from slurm import output, seconds, succeeds

_PROFILE = "workflow/profiles/slurm/config.yaml"
_CONFIG = "resources in config.yaml"
_FIELDS = "%P|%l|%c|%m|%G"
_GPU = re.compile(r"(?:^|,)gpu:(?:([^:(,]+):)?(\d+)")
_OTHER_LIMITS = ("qos", "reservation", "partition_config", "cluster", "clusters", "slurm_cluster")
_OTHER_OPTIONS = re.compile(r"(?:^|[\s'\"])(?:-[qM]|--(?:qos|reservation|cluster))")
"""The same as options of ``sbatch``, in ``slurm_extra``."""
_OTHER_VARIABLES = ("SBATCH_QOS", "SBATCH_RESERVATION", "SBATCH_CLUSTERS", "SLURM_CLUSTERS")
"""The same where ``sbatch`` finds them without an option."""


@dataclass(frozen=True)
class Request:
    """What a job asks for."""

    rule: str
    accounts: tuple[str, ...]
    partitions: tuple[str, ...]
    hours: float
    cpus: int
    memory_gb: float
    gpus: int
    gpu_model: str
    is_known: bool
    """Whether nothing else is asked for that has limits of its own, such as a QOS."""


@dataclass(frozen=True)
class Nodes:
    """Nodes of one partition that have the same; infinite is what is unlimited or not known."""

    partition: str
    hours: float
    cpus: float
    memory_gb: float
    gpus: Mapping[str, int] | None
    """How many of each type, in lower case; None: not known."""

    def number(self, model: str) -> float:
        """Return how many GPUs of a type one node has; of all types, if it is empty."""
        if self.gpus is None:
            return math.inf
        return self.gpus.get(model.lower(), 0) if model else sum(self.gpus.values())


def request(rule: str, threads: int, resources: Mapping[str, Any], options: object) -> Request:
    """Return what a job of Snakemake asks for; the options are those of its Slurm executor."""
    # Not set, or false: Snakemake's sign for what depends on files that are not there yet.
    known = {key: value for key, value in resources.items() if value}

    def names(key: str) -> tuple[str, ...]:
        return tuple(re.findall(r"[^,\s]+", str(known.get(key, ""))))

    others = [known.get(key) or getattr(options, key, None) for key in _OTHER_LIMITS]
    others += [os.environ.get(name) for name in _OTHER_VARIABLES]
    others.append(_OTHER_OPTIONS.search(str(known.get("slurm_extra", ""))))
    gpus = known.get("gpu", 0)
    of_gpus = max(1, gpus) * known.get("cpus_per_gpu", 0)
    cpus = max(1, known.get("cpus_per_task") or of_gpus or threads)
    memory_mb = cpus * known.get("mem_mb_per_cpu", 0) or known.get("mem_mb", 0)
    return Request(
        rule=rule,
        accounts=names("slurm_account"),
        partitions=names("slurm_partition"),
        hours=known.get("runtime", 0) / 60,
        cpus=cpus,
        memory_gb=memory_mb / 1024,
        gpus=gpus,
        gpu_model=str(known.get("gpu_model", "")),
        is_known=not any(others),
    )


def refusals(jobs: Iterable[Request]) -> list[str]:
    """Return one line for each reason why this cluster never starts some of the jobs."""
    asked, rules = set(jobs), defaultdict(set)
    own = accounts() if any(job.accounts for job in asked) else frozenset()
    every = nodes()
    if a_qos_allows_more_time():  # it may be the one that a job has without asking for it
        every = tuple(replace(group, hours=math.inf) for group in every)
    for job in asked:
        reason = refusal(job, every, own)
        if not reason and (reason := lack(job, every)) and _is_accepted(job):
            reason = None
        if reason:
            rules[reason].add(job.rule)
    return [f"{_list(names)}: {reason}" for reason, names in rules.items()]


def _is_accepted(job: Request) -> bool:
    """Ask Slurm whether it takes such a job: a site may have other names for what it has."""
    model = f"{job.gpu_model}:" if job.gpu_model else ""
    options = ["--nodes=1", f"--cpus-per-task={job.cpus}", f"--mem={round(job.memory_gb * 1024)}"]
    options += [f"--gpus={model}{job.gpus}"] if job.gpus else []
    options += [f"--account={account}" for account in job.accounts[:1]]
    options += [f"--partition={','.join(job.partitions)}"] if job.partitions else []
    return succeeds("sbatch", "--test-only", *options, f"--time={job.hours * 60:.0f}", "--wrap=:")


def accounts() -> frozenset[str]:
    """Return the accounts of this user; none where Slurm has no accounts."""
    user = f"user={getpass.getuser()}"
    command = ("sacctmgr", "--noheader", "--parsable2", "list", "associations", user)
    return frozenset(output(*command, "format=account").lower().split())


def a_qos_allows_more_time() -> bool:
    """Return whether jobs of a QOS may take longer than their partition allows."""
    listed = output("sacctmgr", "--noheader", "--parsable2", "list", "qos", "format=flags")
    return "partitiontimelimit" in listed.lower()


def nodes() -> tuple[Nodes, ...]:
    """Return the nodes of all partitions, also those that are down; none if Slurm does not say."""
    lines = output("sinfo", "--all", "--noheader", f"--format={_FIELDS}").splitlines()
    # Others are messages of the site, or name a cluster of several.
    return tuple(parse(line) for line in lines if line.count("|") == _FIELDS.count("|"))


def parse(line: str) -> Nodes:
    """Read a line of ``sinfo``."""
    name, limit, cpus, memory, others = line.split("|")
    time = seconds(limit)
    has_nodes = cpus != "0"  # or they are made when they are needed
    return Nodes(
        partition=name.removesuffix("*"),
        hours=math.inf if time is None else time / 3600,
        cpus=_least(cpus),
        memory_gb=_least(memory) / 1024,
        gpus=_gpus(others) if has_nodes else None,
    )


def _gpus(text: str) -> Counter[str]:
    """Return how many GPUs of each type; those of one type may be listed in parts."""
    gpus: Counter[str] = Counter()
    for model, number in _GPU.findall(text):
        gpus[model.lower()] += int(number)
    return gpus


def _least(text: str) -> float:
    """Return a number; infinity for `64+`, as some have more, and for 0, as there is no node."""
    return float(text) if text.isdecimal() and int(text) else math.inf


def refusal(job: Request, every: Sequence[Nodes], own: frozenset[str]) -> str | None:
    """Return why Slurm refuses a job or lets it wait for ever; None if it may start."""
    for account in job.accounts:
        if own and account.lower() not in own:
            return f"account '{account}' is none of yours ({_list(own)}): see {_PROFILE}"
    if not job.is_known:
        return None
    most = max((group.hours for group in _possible(job, every)), default=math.inf)
    if job.hours > most:
        limit = f"{job.hours:.4g} h, but the partition allows {most:.4g} h"
        return f"its time limit is {limit}: see runtime in {_PROFILE}"
    return None


def lack(job: Request, every: Sequence[Nodes]) -> str | None:
    """Return which partition is not there, or what none of its nodes has, also if they are down."""
    if not job.is_known:
        return None
    known = {group.partition for group in every}
    for partition in job.partitions:
        if known and partition not in known:
            return f"no partition is named '{partition}' ({_list(known)}): see {_PROFILE}"
    left = _possible(job, every)
    for what, wanted, has, place in _amounts(job, left):
        most = max(map(has, left), default=math.inf)
        if wanted > most:
            # Rounded down: no node has more.
            found = f"at most {math.floor(most * 10) / 10:g}" if most else "none"
            return f"asks for {what}, but a node has {found}: see {place}"
        left = [group for group in left if has(group) >= wanted]
    return None


def _possible(job: Request, every: Sequence[Nodes]) -> list[Nodes]:
    """Return the nodes of a job's partitions; if it names none, many sites choose one for it."""
    return [g for g in every if not job.partitions or g.partition in job.partitions]


def _amounts(
    job: Request, groups: Iterable[Nodes]
) -> Iterator[tuple[str, float, Callable[[Nodes], float], str]]:
    gpus, place = count(job.gpus, "GPU"), _CONFIG
    if job.gpu_model:
        types = _list({name for group in groups for name in group.gpus or ()})
        gpus += f" of type {job.gpu_model}"
        place = f"gpu_model in {_PROFILE} (types: {types})"
    yield gpus, job.gpus, lambda group: group.number(job.gpu_model), place
    yield count(job.cpus, "processor"), job.cpus, lambda group: group.cpus, _CONFIG
    memory = f"{job.memory_gb:.4g} GB of memory"
    yield memory, job.memory_gb, lambda group: group.memory_gb, _CONFIG


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(filter(None, names))) or "none"
