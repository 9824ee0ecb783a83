"""Which file system a folder is on (proc(5), /proc/[pid]/mountinfo)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import msgspec

NETWORK: Final = re.compile(
    r"nfs\d?|cifs|smb\d?|smbfs|afs|ceph|lustre|gpfs|9p|glusterfs|fuse\.(sshfs|s3fs|rclone|glusterfs|ceph.*|gcsfuse|davfs.*)|beegfs|ocfs2|gfs2?"
)


class Mount(msgspec.Struct, frozen=True):
    """A mounted file system: where, of what kind, with which options."""

    point: str
    kind: str
    options: frozenset[str]

    @property
    def network(self) -> bool:
        """Whether several machines may have it mounted: their locks and shared memory do not meet."""
        return NETWORK.fullmatch(self.kind) is not None


def mount_of(path: Path, mountinfo: str) -> Mount | None:
    """The mount that `path` (absolute, without links) is on: the longest mount point that it is below; of several, the last."""
    best: Mount | None = None
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        fields, kind = before.split(), after.split()
        if len(fields) < 6 or not kind:
            continue
        point = re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), fields[4])
        if path.is_relative_to(point) and (best is None or len(point) >= len(best.point)):
            options = {*fields[5].split(","), *(kind[2].split(",") if len(kind) > 2 else ())}
            best = Mount(point, kind[0], frozenset(options))
    return best
