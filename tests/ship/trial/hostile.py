"""Trainers that do harm, and an nnU-Net that is imported in no time to run them.

What is tested with them is the process in which they run, with its real limits. That nnU-Net is
nothing but SCT's way to it: it runs ``trainer_class.py``, and segments nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

NNUNET = {
    "torch/__init__.py": "__version__ = '2.0'\ndevice = str\nget_num_threads = int\n",
    "nnunetv2/__init__.py": "",
    "nnunetv2/training/__init__.py": "",
    "nnunetv2/training/nnUNetTrainer/__init__.py": "",
    "nnunetv2/training/nnUNetTrainer/nnUNetTrainer.py": "class nnUNetTrainer: pass\n",
    "nnunetv2/inference/__init__.py": "",
    "nnunetv2/inference/predict_from_raw_data.py": """\
class nnUNetPredictor:
    def __init__(self, **_):
        pass

    def initialize_from_trained_model_folder(
        self, folder, use_folds, checkpoint_name, trainer_class=None
    ):
        raise RuntimeError("it was loaded")
""",
}


def write_nnunet(folder: Path) -> Path:
    """Write the nnU-Net into a folder, and return that."""
    for name, text in NNUNET.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def attempting(harmful: Mapping[str, str], harmless: Mapping[str, str]) -> str:
    """Return the source of a trainer that tries everything, and says how much and what is wrong.

    Wrong is what does harm and is not refused, and what does none and is.
    """
    return f"""
wrong, tried = [], 0
for source_by_name, harmful in (({dict(harmful)!r}, True), ({dict(harmless)!r}, False)):
    for name, source in source_by_name.items():
        tried += 1
        try:
            exec(source, {{}})
        except BaseException as error:
            if not harmful:
                wrong.append(f"{{name}} ({{error}})")
        else:
            if harmful:
                wrong.append(name)
raise RuntimeError(f"{{tried}} tried; wrong: {{wrong}}")
"""


def attacks(outside: Path, home: Path) -> dict[str, str]:
    """Return what is refused at once, by name.

    Args:
        outside: a folder with a file ``victim``, which a trial must not touch.
        home: the user's home, with a file ``secret``.
    """
    victim, call = str(outside / "victim"), "import ctypes, os; c = ctypes.CDLL(None); "
    return {
        "write a file": f"open({str(outside / 'new')!r}, 'w').write('x')",
        "overwrite a file": f"open({victim!r}, 'w').write('x')",
        "read a file": f"open({victim!r}).read()",
        "read the home": f"open({str(home / 'secret')!r}).read()",
        "list the home": f"import os; os.listdir({str(home)!r})",
        "read a file in a thread": f"""
import threading
read = []
thread = threading.Thread(target=lambda: read.append(open({victim!r}).read()))
threading.excepthook = lambda _: None
thread.start(); thread.join()
if not read: raise PermissionError""",
        "read the users": "open('/etc/passwd').read()",
        "read the parent's secrets": "import os; open(f'/proc/{os.getppid()}/environ').read()",
        "write to memory that stays": "open('/dev/shm/model-lint-attack', 'w').write('x')",
        "remove a file": f"import os; os.unlink({victim!r})",
        "rename a file": f"import os; os.rename({victim!r}, 'mine')",
        "link to a file": f"import os; os.link({victim!r}, 'mine')",
        "empty a file": f"import os; os.truncate({victim!r}, 0)",
        "empty a file it reads": f"import os; os.open({victim!r}, os.O_RDONLY | os.O_TRUNC)",
        "open up a file": f"import os; os.chmod({victim!r}, 0o777)",
        "change a date": f"import os; os.utime({victim!r}, (0, 0))",
        "give a file away": f"import os; os.chown({victim!r}, 1, 1)",
        "connect": "import socket; socket.create_connection(('127.0.0.1', 9))",
        "send a datagram": "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
        "ask a service": "import socket; socket.socket(socket.AF_UNIX)",
        "make a socket without Python": f"{call}assert c.socket(2, 1, 0) >= 0, 'refused'",
        "use a ring of calls": f"{call}assert c.syscall(425, 1, bytes(120)) >= 0, 'refused'",
        "fork": "import os; os.fork() or os._exit(0)",
        "start a program": "import subprocess; subprocess.run(['true'])",
        "start a shell": "import os; assert os.system('true') == 0, 'refused'",
        "become another program": "import os; os.execv('/usr/bin/true', ['true'])",
        "leave the session": "import os; os.setsid()",
        "end the parent": "import os; os.kill(os.getppid(), 15)",
        "end its thread": f"{call}assert c.syscall(200, os.getppid(), 15) == 0, 'refused'",
        "outlive the parent": f"{call}assert c.prctl(1, 0) == 0, 'refused'",
        "hide from the parent": f"{call}assert c.prctl(4, 0) == 0, 'refused'",
        "hide files in a thread": f"{call}assert c.syscall(56, 0x10900, 0, 0, 0, 0) > 0, 'refused'",
        "slow the parent down": "import os; os.setpriority(os.PRIO_PROCESS, os.getppid(), 19)",
        "tie the parent to a core": "import os; os.sched_setaffinity(os.getppid(), {0})",
        "trace the parent": f"{call}assert c.ptrace(16, os.getppid(), 0, 0) == 0, 'refused'",
        "take more memory": "import resource as r; r.setrlimit(r.RLIMIT_AS, (2 ** 50, 2 ** 50))",
        "share memory": f"{call}assert c.shmget(0, 4096, 0o1600) >= 0, 'refused'",
        "hide memory in a file": "import os; os.memfd_create('x')",
        "read the kernel's keys": f"{call}assert c.syscall(250, 0, -4, 1) >= 0, 'refused'",
        "be root in a space of its own": f"{call}assert c.unshare(0x10000000) == 0, 'refused'",
        "see a token": "import os; assert 'GH_TOKEN' in os.environ, 'refused'",
    }  # fmt: skip


#: What any trainer may do.
HARMLESS = {
    "write in its folder": "open('cache', 'w').write('x')",
    "write in its home": "from pathlib import Path; (Path.home() / 'x').write_text('x')",
    "use a temporary file": "import tempfile; tempfile.TemporaryFile().write(b'x')",
    "map a temporary file": """
import mmap, tempfile
with tempfile.TemporaryFile() as file:
    file.write(bytes(4096)); file.flush()
    mapped = mmap.mmap(file.fileno(), 4096)""",
    "start a thread": "import threading; t = threading.Thread(target=int); t.start(); t.join()",
    "import a library": "import xml.dom.minidom, sqlite3, ssl; ssl.create_default_context()",
    "ask who it is": "import getpass; getpass.getuser()",
    "choose its cores": "import os; os.sched_setaffinity(0, os.sched_getaffinity(0))",
    "print": "print('hello')",
    "use the null device": "import os; open(os.devnull, 'w').write('x')",
}
