"""A real Slurm on loopback: one node with its own folders, ports and key, with or without accounts.

Accounts are kept by slurmdbd in a MariaDB of its own. The node has more processors, memory and GPUs
than the machine. Run as a program, it stays until its input ends, and says what to set: see
CONTRIBUTING.md.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

# Times are short: a job that goes back into the queue starts again after cred_expire seconds.
CONFIGURATION = """\
ClusterName=tests
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort={controller}
SlurmdPort={node}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={home}/munge.socket,cred_expire=5
CredType=cred/munge
StateSaveLocation={home}/state
SlurmdSpoolDir={home}/spool
SlurmctldPidFile={home}/slurmctld.pid
SlurmdPidFile={home}/slurmd.pid
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
{accounting}
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SchedulerParameters=sched_interval=1,batch_sched_delay=0
MpiDefault=none
SwitchType=switch/none
MailProg=/bin/true
GresTypes=gpu
KillWait=2
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
NodeName=localhost NodeAddr=127.0.0.1 CPUs={cpus} RealMemory=500000 Gres=gpu:h100:2
PartitionName=main Nodes=localhost Default=YES MaxTime=INFINITE State=UP PriorityTier=1
PartitionName=urgent Nodes=localhost MaxTime=INFINITE State=UP PriorityTier=2
PartitionName=short Nodes=localhost MaxTime=60 State=UP
"""
NO_ACCOUNTS = "AccountingStorageType=accounting_storage/none"
ACCOUNTS = """\
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort={accounts}
AccountingStoragePass={home}/munge.socket
AccountingStorageEnforce=associations,limits
"""
SLURMDBD = """\
AuthType=auth/munge
AuthInfo=socket={home}/munge.socket
DbdHost=localhost
DbdAddr=127.0.0.1
DbdPort={accounts}
SlurmUser={user}
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort={database}
StorageUser=slurm
StoragePass={password}
PidFile={home}/slurmdbd.pid
"""
MARIADB = """\
[mariadbd]
user={user}
datadir={home}/database
socket={home}/mariadb.socket
pid-file={home}/mariadb.pid
bind-address=127.0.0.1
port={database}
"""
FIRST_SQL = """\
FLUSH PRIVILEGES;
CREATE USER slurm@'%' IDENTIFIED BY '{password}';
GRANT ALL ON *.* TO slurm@'%';
"""
ACCOUNT = "def-account"
# Devices that every machine has.
GPUS = "Name=gpu Type=h100 File=/dev/null\nName=gpu Type=h100 File=/dev/zero\n"
PROGRAMS = "/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin"
SRUN = '#!/bin/sh\nSLURM_CONF={home}/slurm.conf exec {srun} "$@"\n'


def found(name: str) -> str:
    program = shutil.which(name, path=PROGRAMS)
    assert program, f"{name} is missing: .ci/programs installs it"
    return program


@contextmanager
def cluster(cpus: int = 4, *, accounts: bool = False) -> Iterator[dict[str, str]]:
    """Start Slurm; yield the environment variables with which commands and Snakemake find it."""
    with ExitStack() as stack:
        # Not pytest's folder: the name of a socket has at most 107 characters.
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="slurm-")))
        home.chmod(0o755)  # munge wants that
        environment = _write(home, cpus, accounts=accounts)

        def start(*command: str) -> None:
            stack.enter_context(_running(list(command), home, environment))

        names = {"socket": "socket", "key-file": "key", "log-file": "log"}
        names |= {"pid-file": "pid", "seed-file": "seed"}
        options = [f"--{name}={home}/munge.{end}" for name, end in names.items()]
        start("munged", "--foreground", *options)
        _wait_until(home / "munge.socket")
        if accounts:
            start("mariadbd", f"--defaults-file={home}/mariadb.cnf")
            _wait_until(home / "mariadb.pid")
            start("slurmdbd", "-D")
            _add_account(environment)
        start("slurmctld", "-D", "-i")
        start("slurmd", "-D", "-N", "localhost")
        _wait_for_node(environment)
        yield environment


def _write(home: Path, cpus: int, *, accounts: bool) -> dict[str, str]:
    (home / "munge.key").write_bytes(secrets.token_bytes(128))
    (home / "munge.key").chmod(0o600)
    for name in ("state", "spool", "bin"):
        (home / name).mkdir()
    ports = dict(zip(("controller", "node", "accounts", "database"), _free_ports(4), strict=True))
    values = {"home": home, "user": _user(), "cpus": cpus, "password": secrets.token_hex(), **ports}
    values["accounting"] = (ACCOUNTS if accounts else NO_ACCOUNTS).format(**values)
    (home / "slurm.conf").write_text(CONFIGURATION.format(**values), "utf-8")
    (home / "gres.conf").write_text(GPUS, "utf-8")
    (home / "cgroup.conf").write_text("CgroupPlugin=cgroup/v1\nCgroupAutomount=no\n", "utf-8")
    if accounts:
        _write_database(home, values)
    # Snakemake's plugin starts srun without SLURM_CONF, which clusters do not need.
    srun = home / "bin" / "srun"
    srun.write_text(SRUN.format(home=home, srun=found("srun")), "utf-8")
    srun.chmod(0o755)
    path = f"{home}/bin{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "SLURM_CONF": str(home / "slurm.conf"), "PATH": path}


def _write_database(home: Path, values: Mapping[str, object]) -> None:
    slurmdbd = home / "slurmdbd.conf"
    slurmdbd.touch(0o600)  # Slurm insists
    slurmdbd.write_text(SLURMDBD.format(**values), "utf-8")
    (home / "first.sql").write_text(FIRST_SQL.format(**values), "utf-8")
    (home / "mariadb.cnf").write_text(MARIADB.format(**values), "utf-8")
    install = [found("mariadb-install-db"), f"--defaults-file={home}/mariadb.cnf"]
    options = ["--skip-test-db", f"--extra-file={home}/first.sql"]
    done = subprocess.run([*install, *options], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _add_account(environment: dict[str, str]) -> None:
    """Make an account and its user, as soon as slurmdbd answers."""
    new = (["cluster", "tests"], ["account", ACCOUNT], ["user", _user(), f"account={ACCOUNT}"])
    for words in new:
        command = [found("sacctmgr"), "--immediate", "add", *words]
        for _ in range(600):
            done = subprocess.run(command, env=environment, capture_output=True, check=False)
            if done.returncode == 0:
                break
            _pause()
        assert done.returncode == 0, done.stdout + done.stderr


def _user() -> str:
    return pwd.getpwuid(os.getuid()).pw_name


@contextmanager
def _running(command: list[str], home: Path, environment: dict[str, str]) -> Iterator[None]:
    log = home / f"{command[0]}.out"
    with log.open("w") as output:
        daemon = subprocess.Popen(
            [found(command[0]), *command[1:]], env=environment, stdout=output, stderr=output
        )
    try:
        yield
    finally:
        daemon.terminate()
        daemon.wait()


def _wait_until(path: Path) -> None:
    for _ in range(600):
        if path.exists():
            return
        _pause()
    logs = [log.read_text()[-2000:] for log in path.parent.glob("*.out")]
    raise AssertionError("\n".join((f"{path} did not appear", *logs)))


def _wait_for_node(environment: dict[str, str]) -> None:
    command = ["sinfo", "--noheader", "--partition=main", "--format=%T"]
    state = ""
    for _ in range(600):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        state = done.stdout.strip() or done.stderr
        if state == "idle":
            return
        _pause()
    logs = [log.read_text()[-2000:] for log in Path(environment["SLURM_CONF"]).parent.glob("*.out")]
    raise AssertionError("\n".join((state, *logs)))


def _pause() -> None:
    subprocess.run(["sleep", "0.1"], check=True)


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("", 0))) for _ in range(count)]
        return [int(listening.getsockname()[1]) for listening in sockets]


if __name__ == "__main__":
    with cluster(os.cpu_count() or 1, accounts=True) as variables:
        print(f"export SLURM_CONF={variables['SLURM_CONF']}")
        print(f"export PATH={variables['PATH'].split(os.pathsep)[0]}:$PATH", flush=True)
        sys.stdin.read()
