"""What the one file does first: look whether it can run here, unpack itself once where code may be run, and start Vigil.

This is the `__main__` of the archive; the builder writes FACTS. It must be read by older Pythons, too, to tell them what is wrong,
and costs every start, so it imports little. Where it unpacks: $VIGIL_ROOT or $SHIV_ROOT if set, and nowhere else then; else the
first of the usual places that can be written to and may hold code.
"""

from __future__ import annotations

import os
import stat
import sys

FACTS = {"name": "vigil", "build": "", "python": "", "machine": "", "version": ""}
KEPT = []  # type: list[object]


def fail(what, way):  # type: (str, str) -> None
    """End with what is wrong and what to do, two lines on standard error; exit code 2 as for any wrong usage."""
    sys.stderr.write("vigil: " + what + "\n       " + way + "\n")
    sys.exit(2)


def check_python():  # type: () -> None
    """End unless this is the Python and the kind of machine that the file's compiled parts were made for."""
    if not FACTS["python"]:
        return
    here = "%d.%d" % sys.version_info[:2]
    if here != FACTS["python"]:
        fail(
            "this file is made for Python " + FACTS["python"] + "; this is Python " + here + " (" + (sys.executable or "?") + ")",
            "start it as `python" + FACTS["python"] + " " + sys.argv[0] + "`, or have one made by a Python " + here
            + (" (3.11 or newer is needed)" if sys.version_info < (3, 11) else ""),
        )  # fmt: skip
    if os.uname().machine != FACTS["machine"]:
        fail(
            "this file is made for " + FACTS["machine"] + "; this machine is " + os.uname().machine,
            "have one made with `--platform`, or on a machine of this kind",
        )


def why_not(folder):  # type: (str) -> str
    """'' if code can be unpacked to this folder and loaded from there, else the reason; makes it where it is missing."""
    import mmap

    try:
        os.makedirs(folder, 0o700, exist_ok=True)
        if not ours(folder):
            return "belongs to others, or others may write to it"
        trial = os.path.join(folder, ".may-run-%d" % os.getpid())
        handle = os.open(trial, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o700)
        try:
            os.write(handle, b"\0" * 4096)
            # What the loader does with a compiled module; a file system mounted noexec refuses it.
            mmap.mmap(handle, 4096, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ | mmap.PROT_EXEC).close()
        except PermissionError:
            return "forbids execution"
        finally:
            os.close(handle)
            os.unlink(trial)
    except OSError as error:
        return error.strerror or str(error)
    return ""


def ours(folder):  # type: (str) -> bool
    """Whether a folder belongs to this user, and nobody else may put anything there."""
    found = os.lstat(folder)
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o022


def candidates():  # type: () -> list[str]
    """The folders that may hold the unpacked files, best first."""
    named = os.environ.get("VIGIL_ROOT") or os.environ.get("SHIV_ROOT")
    if named:
        return [os.path.abspath(os.path.expanduser(named))]
    uid = str(os.getuid())
    places = [os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "vigil", "onefile")]
    if os.environ.get("XDG_RUNTIME_DIR"):
        places.append(os.path.join(os.environ["XDG_RUNTIME_DIR"], "vigil-onefile"))
    places += [
        os.path.join(folder, "vigil-onefile-" + uid) for folder in (os.environ.get("TMPDIR"), "/var/tmp", "/tmp", "/dev/shm") if folder
    ]
    places.append(os.path.join(os.getcwd(), ".vigil-onefile"))
    return list(dict.fromkeys(places))


def unpacked():  # type: () -> str
    """The folder of the unpacked packages; unpacks them where no earlier start did. Ends with a message where it cannot."""
    leaf = FACTS["name"] + "_" + FACTS["build"]
    places = candidates()
    refused = []  # type: list[tuple[str, str]]
    for root in places:
        ready = os.path.join(root, leaf, "site-packages")
        if os.path.isdir(ready) and ours(root) and may_load(ready):
            return ready
    for root in places:
        reason = why_not(root)
        if not reason:
            say = "; ".join(path + " " + why for path, why in refused)
            sys.stderr.write("vigil: first start of this file: unpacking to " + root + (" (" + say + ")" if say else "") + "\n")
            try:
                return unpack(root, leaf)
            except OSError as error:
                reason = error.strerror or str(error)
        refused.append((root, reason))
    fail(
        "nowhere to unpack: " + "; ".join(path + " " + why for path, why in refused),
        "set VIGIL_ROOT to a folder of yours that permits execution and has 150 MB free: VIGIL_ROOT=/path/to/folder " + sys.argv[0],
    )
    return ""


def may_load(ready):  # type: (str) -> bool
    """Whether compiled modules may be loaded from an unpacked folder: a mount may have changed since."""
    return not os.statvfs(ready).f_flag & os.ST_NOEXEC


def unpack(root, leaf):  # type: (str, str) -> str
    """Unpack all packages below `root`, compile them, and remove what earlier builds left there and nobody uses."""
    import zipfile

    from _bootstrap import extract_site_packages  # type: ignore[import-not-found,unused-ignore]

    with zipfile.ZipFile(archive()) as packed:
        from pathlib import Path

        extract_site_packages(packed, Path(root, leaf), compile_pyc=True)
    tidy(root, leaf)
    return os.path.join(root, leaf, "site-packages")


def tidy(root, leaf):  # type: (str, str) -> None
    """Remove the unpacked files of other builds, and name those that a running Vigil still uses."""
    import fcntl
    import shutil

    for name in sorted(os.listdir(root)):
        old = os.path.join(root, name)
        if not name.startswith(FACTS["name"] + "_") or name == leaf or name.endswith((".tmp", ".used")) or not os.path.isdir(old):
            continue
        with open(old + ".used", "w", encoding="utf-8") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                sys.stderr.write("vigil: an earlier build is still in use, and stays: " + old + "\n")
                continue
            shutil.rmtree(old, ignore_errors=True)
            os.unlink(old + ".used")
        if os.path.exists(os.path.join(root, "." + name + "_lock")):
            os.unlink(os.path.join(root, "." + name + "_lock"))


def hold(ready):  # type: (str) -> None
    """Say for as long as this process lives that these files are in use."""
    import fcntl

    try:
        lock = open(os.path.dirname(ready) + ".used", "w", encoding="utf-8")  # noqa: SIM115
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return
    KEPT.append(lock)


def archive():  # type: () -> str
    """The file that this is."""
    return os.path.dirname(os.path.abspath(__file__))


def start():  # type: () -> None
    """Vigil, from the unpacked files alone: neither the machine's packages nor PYTHONPATH come before them."""
    check_python()
    ready = unpacked()
    hold(ready)
    sys.path.insert(0, ready)
    from tui_app.cli import main

    main()


if __name__ == "__main__":
    start()
