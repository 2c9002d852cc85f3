"""Limit what this process can do, before any code of the package runs in it.

Every limit is one that an ordinary user can set and that can't be taken off again. Where a system
has none, the answer says so.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import sys
from collections.abc import Iterator
from typing import Any

from . import landlock, seccomp

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

#: What programs and libraries of the system read. No settings of the user, and none of /etc.
_SYSTEM = (
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib64",
    "/lib32",
    "/opt",
    "/cvmfs",
    "/nix/store",
    "/gnu/store",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/ssl/openssl.cnf",
    "/etc/pki/tls/openssl.cnf",
    "/proc/self",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/proc/stat",
    "/sys/devices/system",
    "/dev/zero",
    "/dev/urandom",
    "/dev/random",
)
#: Packages that may be elsewhere: installed from a checkout, for example.
_PACKAGES = (
    "nnunetv2",
    "dynamic_network_architectures",
    "batchgenerators",
    "batchgeneratorsv2",
    "acvl_utils",
    "torch",
    "numpy",
    "nibabel",
    "SimpleITK",
)
_SHARED_MEMORY = "/dev/shm"  # noqa: S108 - where Linux has it
_OPEN_FILES = 256


def limit_files(request: dict[str, Any], *, importing: bool) -> bool:
    """Allow only to read Python, the package and the images, and to write in one folder.

    Called first before there is a second thread, to import libraries: some, such as Intel's OpenMP,
    end the program if they can't share memory then. A second call takes that back from this thread
    and those that it starts. Return whether it holds.
    """
    shared = [_SHARED_MEMORY] if importing else []
    readable = [*_SYSTEM, *_libraries(request["home"]), request["model"] or request["bundle"]]
    readable += [path for group in (*request["images"], request["references"]) for path in group]
    return landlock.restrict(readable, [request["scratch"], os.devnull, *shared])


def limit_calls() -> bool:
    """Refuse network, processes and what else outlives this one; return whether it holds."""
    return seccomp.install()


def limit_size(request: dict[str, Any]) -> bool:
    """Limit memory, time of the processor and files; return whether the memory is limited."""
    if resource is None:
        return False
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_NOFILE, _OPEN_FILES)
    _lower(resource.RLIMIT_FSIZE, request["file_bytes"])
    _lower(resource.RLIMIT_CPU, request["cpu_seconds"])
    used = _address_space()
    if used is None:  # macOS does not keep to it
        return False
    return _lower(resource.RLIMIT_AS, used + request["memory"])


def end_with_parent() -> None:
    """Let the system end this process with the one that started it."""
    if sys.platform == "linux":
        import ctypes  # noqa: PLC0415 - only there
        import signal  # noqa: PLC0415

        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def _libraries(home: str) -> Iterator[str]:
    """Yield where Python and its packages are, but not the user's home as a whole."""
    places = [*sys.path, sys.prefix, sys.base_prefix, sys.exec_prefix]
    places += os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep)
    for name in _PACKAGES:
        with contextlib.suppress(ImportError, ValueError):
            found = importlib.util.find_spec(name)
            places += (found.submodule_search_locations or []) if found else []
    inside = os.path.join(os.path.realpath(home), "")  # noqa: PTH118 - texts, not paths
    for place in filter(None, places):
        above = os.path.join(os.path.realpath(place), "")  # noqa: PTH118
        if not inside.startswith(above):
            yield place


def _address_space() -> int | None:
    try:
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123
            return int(file.read().split()[0]) * resource.getpagesize()
    except OSError:
        return None


def _lower(which: int, value: int) -> bool:
    """Set both limits to a value, unless the hard one is lower; return whether it holds."""
    _, hard = resource.getrlimit(which)
    if hard not in (resource.RLIM_INFINITY, -1) and hard < value:
        value = hard
    try:
        resource.setrlimit(which, (value, value))
    except (OSError, ValueError):
        return False
    return True
