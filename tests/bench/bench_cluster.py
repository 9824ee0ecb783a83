"""A session over a Dask cluster, all on this machine: a scheduler and workers over TLS, a rehearsal staging, `vigil run --cluster`.

    python tests/bench/bench_cluster.py [--users 2000] [--workers 4] [--only clean,leak,killed] [--json FILE]

Three sessions, each on a rehearsal of its own, each held against the log of that rehearsal:

clean -- every connection's frames, all runs and connects are in the recordings exactly; every pair of users was probed; verdict PASS
leak -- whoever connects last is sent everybody's events (of few users each is, since the last may be one of the lead's): told between
    users of different workers with both frames, each of which can be opened in the file of the engine that has it
killed -- a worker is killed (-9) while its users are at work: they are INCONCLUSIVE by name, soon; nobody else's frames are lost

What Dask logs (at level debug) and what its scheduler keeps is searched for passwords and tokens. Exit code 1 where anything fails.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

import psutil  # noqa: E402

from tests.bench import cluster_truth, goals  # noqa: E402
from tests.bench.cluster_parts import Cluster, Session, Staging  # noqa: E402
from tests.bench.cluster_secrets import found_in, known, state_of  # noqa: E402

CHECKS: Final = "isolation-frames,frames-accounted"
LOAD: Final = 50
"""From so many users on a session asks for a load that none of these checks is: its criterion stays open, and with it exit code 3."""
KINDS: Final = ("clean", "leak", "killed")
LOST_S: Final = 3.0
LOOK_S: Final = 0.05
FULL_MATRIX: Final = 128
"""Users up to which a result has a cell for each pair; beyond, one for each user and all others."""
Figures = dict[str, Any]


class Watched:
    """A session while it runs: what its engines have told, and what CPU each part of it has used, s."""

    def __init__(self, session: Session, parts: dict[str, int]) -> None:
        self.session = session
        self.joined: dict[int, dict[str, Any]] = {}
        self.worked: set[int] = set()
        """Engines whose users have acted."""
        self.lost: dict[int, tuple[float, dict[str, Any]]] = {}
        """When it was seen that an engine is lost, and how."""
        self.leaks: list[dict[str, Any]] = []
        self.cpu: dict[str, float] = {}
        self.rss: dict[str, float] = {}
        self._parts = {name: psutil.Process(pid) for name, pid in parts.items()}
        self._before: dict[str, float] = {}

    def look(self) -> None:
        """Take what is new."""
        now = time.monotonic()
        for kind, body in self.session.news():
            engine = body.get("engine", 0)
            if kind == "join":
                self.joined[engine] = body
                with contextlib.suppress(psutil.Error):
                    self._parts[f"engine {engine}"] = psutil.Process(body["pid"])
            elif kind == "delta" and body.get("acts"):
                self.worked.add(engine)
            elif kind == "lost":
                self.lost[engine] = (now, body)
            elif kind == "leak":
                self.leaks.append(body)
        for name, process in self._parts.items():
            with contextlib.suppress(psutil.Error):
                every = [process, *process.children(recursive=True)] if name == "vigil" else [process]
                used = sum(times.user + times.system for times in (one.cpu_times() for one in every))
                before = self._before.setdefault(name, used if name == "scheduler" else 0.0)  # it has served others before
                self.cpu[name] = max(self.cpu.get(name, 0.0), used - before)
                self.rss[name] = max(self.rss.get(name, 0.0), sum(one.memory_info().rss for one in every) / 2**20)
        time.sleep(max(LOOK_S - (time.monotonic() - now), 0.0))


def run(kind: str, cluster: Cluster, users: int, folder: Path, within: float, delay: str) -> Figures:
    """One session; what was found, and what is wrong of it in words."""
    faults = ("--fault", "newest-gets-all" if users > FULL_MATRIX else "broadcast-events") if kind == "leak" else ()
    folder.mkdir()
    wrong: list[str] = []
    with Staging(folder, "--delay-scale", delay, *faults) as staging, Session(folder, cluster, staging, users, CHECKS) as session:
        parts = {"rehearsal": staging.running["rehearsal"].pid, "vigil": session.running["vigil"].pid}
        watched = Watched(session, parts | {"scheduler": cluster.running["scheduler"].pid})
        figures: Figures = {"kind": kind, "users": users}
        killed: tuple[int, float] | None = None
        while not session.over:
            if time.monotonic() - session.began > within:
                raise SystemExit(f"{kind}: not over after {within:.0f} s\n{session.log('vigil')[-3000:]}")
            watched.look()
            if kind == "clean" and "state" not in figures and watched.worked:
                figures["state"] = state_of(cluster)
            if kind == "killed" and killed is None and (victims := watched.worked & watched.joined.keys()):
                victim = max(victims)
                # An engine's parent is its worker; the engine itself is not touched.
                worker = psutil.Process(watched.joined[victim]["pid"]).parent()
                assert worker is not None
                killed = victim, time.monotonic()
                worker.kill()
        code, took, result = session.end(1.0)
        watched.look()
        shards = session.shards()
        recording = session.recording()
    if not result or recording is None:
        raise SystemExit(f"{kind}: no result; exit code {code}\n{session.log('vigil')[-3000:]}")
    recordings = {1: recording, **shards}
    words = {check["id"]: (check["verdict"], check["reason"]) for check in result["checks"]}
    states = {one["engine"]: one for one in result["engines"]}
    figures |= {
        "exit": code, "seconds": took, "verdict": result["verdict"], "words": words, "cpu_s": watched.cpu, "rss_mib": watched.rss,
        "engines": states, "secrets": known(folder, cluster.folder),
    }  # fmt: skip
    figures |= agreement(staging, recordings, result, killed[0] if killed else 0, wrong)
    if kind == "killed":
        figures |= after_kill(watched, states, words, killed, code, result, wrong)
    else:
        wrong += [f"engine {one} is {told['state']}: {told['why']}" for one, told in states.items() if told["state"] != "ended"]
    if kind == "leak":
        figures |= shown_leak(watched.leaks, recordings, words, code, wrong)
    if kind == "clean":
        probed(users, result, words, code, wrong)
    figures["wrong"] = wrong
    return figures


def agreement(staging: Staging, recordings: dict[int, Path], result: dict[str, Any], lost: int, wrong: list[str]) -> Figures:
    """Totals and each connection's frames against the rehearsal's log; an engine that was killed has told what it could."""
    truth = cluster_truth.there(staging.truth)
    found = {engine: cluster_truth.here(path) for engine, path in recordings.items() if engine != lost}
    wrong += cluster_truth.differing(truth, found)[:5]
    wrong += [f"the recording of engine {engine} has no end" for engine, one in found.items() if not one.finished]
    ours = [frames for one in found.values() for frames in one.frames.values()]
    told, footprint = result["frames"], result["footprint"]
    if not lost:
        pairs = {
            "connections": (len(ours), truth.opened),
            "frames received": (sum(one[0] for one in ours), sum(one[0] for one in truth.frames.values())),
            "frames sent": (sum(one[1] for one in ours), sum(one[1] for one in truth.frames.values())),
            "runs": (sum(one.runs for one in found.values()), truth.begun),
            "the result's connects": (footprint["connects"], truth.opened),
            "the result's runs": (footprint["agent_runs"], truth.begun),
            "the result's frames": (told["received"], sum(one.received for one in found.values())),
            "classified": (sum(told["classified"].values()), told["received"]),
        }
        wrong += [f"{name}: {one} here, {other} there" for name, (one, other) in pairs.items() if one != other]
    return {
        "connections": len(ours), "frames": sum(map(sum, ours)), "runs": sum(one.runs for one in found.values()),
        "runs_there": truth.begun, "runs_ended": dict(truth.ended),
    }  # fmt: skip


def probed(users: int, result: dict[str, Any], words: dict[str, tuple[str, str]], code: int, wrong: list[str]) -> None:
    """Every pair has its probes, and everything passed."""
    cells = result["isolation"]["cells"]
    due = users * (users - 1) if users <= FULL_MATRIX else users
    if len(cells) != due or any(cell["probes"] < 10 or cell["state"] != "clean" for cell in cells):
        wrong.append(f"{len(cells)} cells of {due} in the matrix, {sum(cell['probes'] < 10 for cell in cells)} of them thin")
    if f"over {users * (users - 1)} pairs" not in words["isolation-frames"][1]:
        wrong.append(f"isolation-frames: {words['isolation-frames'][1]}")
    wrong += [f"{check} is {word}: {reason}" for check, (word, reason) in words.items() if word != "PASS"]
    open_ = [one["id"] for one in result["criteria"] if one["verdict"] not in ("PASS", "SKIPPED")]
    if (code, open_) != ((3, ["P3"]) if users >= LOAD else (0, [])):
        wrong.append(f"exit code {code}, open criteria: {', '.join(open_) or 'none'}")


def shown_leak(
    leaks: list[dict[str, Any]], recordings: dict[int, Path], words: dict[str, tuple[str, str]], code: int, wrong: list[str]
) -> Figures:
    """Between users of two engines, with the receiver's frame and the sender's, both to be found in their engines' files.

    Whose socket is the last to open gets all events: with few users that may be one of the lead's own.
    """
    witnesses = cluster_truth.witnesses(recordings[1])
    across = of_workers = 0
    for leak in leaks:
        rows = [witnesses[seq] for seq in leak["rows"]]
        if len(rows) != 2 or rows[1]["engine"] == rows[0]["engine"]:
            continue
        seen, sent = rows
        if (seen["dir"], sent["dir"]) != ("in", "out") or (seen["user"], sent["user"]) != (leak["observer"], leak["source"]):
            wrong.append(f"{leak['source']} to {leak['observer']}: shown are {seen['user']} {seen['dir']} and {sent['user']} {sent['dir']}")
        wrong += [f"a witness cannot be opened: {why}" for row in rows if (why := cluster_truth.openable(row, recordings))]
        across += 1
        of_workers += rows[0]["engine"] > 1 < rows[1]["engine"]
    if not across:
        wrong.append(f"of {len(leaks)} leaks that were told none is shown with both frames of two engines")
    if words["isolation-frames"][0] != "FAIL" or code != 1:
        wrong.append(f"isolation-frames is {words['isolation-frames'][0]}, exit code {code}")
    return {"leaks_told": len(leaks), "leaks_across_engines": across, "leaks_across_workers": of_workers}


def after_kill(
    watched: Watched, states: dict[int, Any], words: dict[str, tuple[str, str]], killed: tuple[int, float] | None, code: int,
    result: dict[str, Any], wrong: list[str],
) -> Figures:  # fmt: skip
    """Its users are named as INCONCLUSIVE, soon, and everybody else goes on to the end."""
    if killed is None or killed[0] not in watched.lost:
        wrong.append("no worker could be killed in mid-run" if killed is None else f"engine {killed[0]} was never told to be lost")
        return {}
    victim, at = killed
    seen, told = watched.lost[victim]
    if [engine for engine, one in states.items() if one["state"] != "ended"] != [victim]:
        wrong.append(f"lost are {[engine for engine, one in states.items() if one['state'] != 'ended']}, killed was {victim}")
    for check in CHECKS.split(","):
        word, reason = words[check]
        if word != "INCONCLUSIVE" or states[victim]["users"] not in reason:
            wrong.append(f"{check} is {word}: {reason}")
    if code != 3:
        wrong.append(f"exit code {code}")
    theirs = {f"u{number}" for number in between(states[victim]["users"])}
    left = sum(thing["owner"] in theirs for thing in result["footprint"]["left_behind"])
    if not left:
        wrong.append("nothing of what the lost engine made is listed as left behind")
    return {"lost_after_s": seen - at, "why": told["why"], "lost_users": states[victim]["users"], "left_behind": left}


def between(users: str) -> range:
    """'u6-u9' as 6 to 9."""
    first, _, last = users.replace("u", "").partition("-")
    return range(int(first), int(last or first) + 1)


def table(found: list[Figures], secrets: Figures) -> list[str]:
    """All of it, for a terminal."""
    lines = [f"{'session':9}{'users':>6}{'seconds':>9}{'verdict':>14}{'exit':>5}{'connections':>13}{'frames':>10}{'runs':>8}"]
    for one in found:
        lines.append(
            f"{one['kind']:9}{one['users']:6}{one['seconds']:9.1f}{one['verdict']:>14}{one['exit']:5}{one['connections']:13,}"
            f"{one['frames']:10,}{one['runs']:8,}"
        )
        lines.append("    CPU s: " + ", ".join(f"{name} {used:.1f}" for name, used in one["cpu_s"].items()))
        lines.append("    most MiB: " + ", ".join(f"{name} {used:.0f}" for name, used in one["rss_mib"].items()))
        if "leaks_across_workers" in one:
            said = f"    {one['leaks_told']} leaks shown, {one['leaks_across_engines']} with frames of two engines"
            lines.append(f"{said}, {one['leaks_across_workers']} of two workers")
        if "lost_after_s" in one:
            lines.append(
                f"    users {one['lost_users']} lost {one['lost_after_s'] * 1000:.0f} ms after the kill ({one['why']}); "
                f"{one['left_behind']} things of theirs listed as left behind"
            )
        lines += [f"    WRONG: {text}" for text in one["wrong"]]
    lines.append(f"secrets: {secrets['looked_for']:,} passwords, and tokens, in {secrets['bytes']:,} bytes of logs and state")
    lines += [f"    WRONG: {text}" for text in secrets["wrong"]]
    return lines


def main() -> int:
    """Exit code 1 where anything is not as it should be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=2000)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--only", default=",".join(KINDS), metavar="NAME,..", help="default: all three")
    parser.add_argument("--delay-scale", default="0", metavar="X", help="of the rehearsal's service times, default 0: as fast as it can")
    parser.add_argument("--within", type=float, default=900.0, metavar="S", help="a session that takes longer has failed")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep recordings and logs there")
    parser.add_argument("--json", metavar="FILE")
    asked = parser.parse_args()
    chosen = asked.only.split(",")
    if unknown := set(chosen) - set(KINDS):
        parser.error(f"no session {', '.join(sorted(unknown))}; there are {', '.join(KINDS)}")
    found: list[Figures] = []
    with contextlib.ExitStack() as stack:
        folder = asked.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(exist_ok=True)
        (at := folder / "cluster").mkdir()
        with Cluster(at, asked.workers) as cluster:
            for kind in chosen:
                print(f"{kind}: {asked.users} users on {asked.workers} workers", file=sys.stderr, flush=True)
                found.append(run(kind, cluster, asked.users, folder / kind, asked.within, asked.delay_scale))
            states = [one.pop("state", "") for one in found] + [state_of(cluster)]
        values = set().union(*(one.pop("secrets") for one in found))
        secrets = found_in(values, [cluster.log("scheduler"), cluster.log("workers"), *states])
    print("\n".join(table(found, secrets)))
    held = {
        f"{one['users']} users on workers: their users lost after a kill -9": goals.at_most(one["lost_after_s"], LOST_S, "s")
        for one in found
        if "lost_after_s" in one
    }
    print("\n".join(goals.told(held)))
    if asked.json:
        document = {"workers": asked.workers, "sessions": {one["kind"]: one for one in found}, "secrets": secrets, "goals": held}
        Path(asked.json).write_text(json.dumps(document, indent=1) + "\n")
    return int(any(one["wrong"] for one in [*found, secrets]) or not all(goal["held"] for goal in held.values()))


if __name__ == "__main__":
    sys.exit(main())
