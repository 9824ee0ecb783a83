"""The file format of a session: one SQLite file (WAL while it is written), schema version 1.

Table `rows` is the session: every frame, request, step, sample and verdict, in the order in which the engine knew
them. `(engine, seq)` addresses a row for good. Rows never change once written. `header` holds what was known before
the first row. `annotations` belongs to people (notes, marks, pins), and no judge reads it.
"""

from __future__ import annotations

from typing import Final

VERSION: Final = 1
APPLICATION_ID: Final = 0x5649474C  # "VIGL", so that `file` and a reader can tell a recording from any other database

DDL: Final = """
CREATE TABLE header (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE rows (
    seq     INTEGER PRIMARY KEY,
    t       INTEGER NOT NULL,
    kind    TEXT NOT NULL,
    "check" TEXT NOT NULL,
    user    TEXT NOT NULL,
    conn    INTEGER NOT NULL,
    dir     TEXT NOT NULL,
    type    TEXT NOT NULL,
    run     TEXT NOT NULL,
    thread  TEXT NOT NULL,
    ms      REAL,
    flag    TEXT NOT NULL,
    size    INTEGER NOT NULL,
    text    TEXT NOT NULL
);
CREATE TABLE annotations (
    id INTEGER PRIMARY KEY, at TEXT NOT NULL, who TEXT NOT NULL, kind TEXT NOT NULL, seq INTEGER, text TEXT NOT NULL
);
"""

STATE_INDEX: Final = "rows_state"
INDEX: Final = f"CREATE INDEX {STATE_INDEX} ON rows (seq) WHERE kind NOT IN ('frame', 'http', 'clock')"
"""Made once the last row is written: kept up from row to row it would cost as much as half of the writing."""

STATE: Final = "kind NOT IN ('frame', 'http', 'clock')"
"""The SQL condition that matches the partial index word for word: write it so, or SQLite will not use it."""

HEADER_KEYS: Final = {
    "schema": "vigil.recording/1",
    "session": "id of the session, 12 lower-case hex digits",
    "engine": "number of the engine that wrote this file, 1",
    "parent": "session that this one reruns, or empty",
    "vigil": "version of Vigil that wrote it",
    "started": "UTC, RFC 3339, of t = 0",
    "host": "user@host that ran it",
    "plan": "JSON of tui_app.engine.plan.Plan, without secrets",
    "checks": "JSON list: the planned checks as `vigil checks --json` prints them",
}

KINDS: Final = {
    # -- acting: what happened
    "session": (
        "type start | round | end; round: {round}; end: {reason: complete|stopped|credentials|interrupted|fault, text}, and where the "
        "checks were repeated until one failed {iterations, until}"
    ),
    "target": "type seen: {service, environment, build, generation, server}: what the target says of itself",
    "phase": "type start | end; {phase}",
    "check": (
        "type start | end, {iteration, of} where it is driven several times; end: {outcome: driven|blocked|refused|skipped|stopped|"
        "broken|fault, reason, to_decide}; ms on end"
    ),
    "step": (
        "type begin | end, one probe of a drive; begin: {step, intent, subject, control, deadline_ms, ...}; "
        "end: {step, outcome: done|deadline|lost|refused|stopped|fault, ...}. intent 'agent-run' adds "
        "{request, thread, marker, prompt, expects: {tools: bool}}; 'ping' adds {id, intended: ns}; "
        "'fault' ends with {fault_at, fault_end, noticed_at: ns, how}; 'recover' adds {fault, fault_at, fault_end: ns}, and ends with "
        "{request}; 'catch-up' ends with {welcomed_at, caught_up_at: ns}; 'soak' adds {seconds, block_s, of, users}; 'account' adds "
        "{request, run, thread, found}; 'attempt' adds {owner, thing, id, action}"
    ),
    "action": "type begin | end: one marker-bearing action of `user`: {action, marker, channel}",
    "user": (
        "type ready | renewed | lost | refused: {sub, name, mode, environment}: an identity that Vigil signed in; "
        "renewed: {how, lives_s}; lost: {reason, since: seq of the last answer that took its token}; refused: {reason, to_decide}"
    ),
    "conn": (
        "type dialing | open | welcome | closed | refused; {url, carry, cookies: [names], phases: {dns_ms,tcp_ms,tls_ms,upgrade_ms,"
        "welcome_ms}, warm: bool, link: port of our fault proxy, retry_after, subprotocol, "
        "generation: g1|g2|g3, handshake_ms, tries, own_ms: what our own waits were, status, code, "
        "reason, by: us|target|network, stamps: kernel|loop, who tells when something arrived}; ms: time it took, without our own waits"
    ),
    "frame": (
        "dir in | out; type: canonical event name; text: the frame itself; flag: control, binary, oversize; "
        "a control pong's ms: from when its ping was due"
    ),
    "http": (
        "dir out: type = method, {req, service, path, body}; dir in: type = status, ms, {req, service, path, headers, body, error, "
        "phases: {connect_ms, tls_ms, wait_ms, body_ms}}"
    ),
    "lag": "ms: by how much the engine's loop was late; t: when it woke",
    "clock": (
        "time passes for judges: at every deadline ({step} where it is one's) and at least every 250 ms; type late: the deadline of a "
        "control ping that was due ms ago and got no pong; type wall: {wall: epoch s}, this machine's own clock, a label"
    ),
    "created": "type made | tidied | left | reused: {thing: user|thread|run, id, owner, reason}",
    "control": (
        "type hold | resume | stop | sign-in: {who, text}; take: who is in control from now on {who, viewer: its connection, "
        "from: who had it before}; leave: nobody is {who, viewer}; "
        "credentials: it is held until somebody signs in: {text, needs: [labels]}"
    ),
    "client": "type slow | ok: the client's own health: {what, text}; type usage, every 10 s: {cpu_s, rss_mb, fds, tasks, lag_p99_ms}",
    "tier": (
        "a direct, read-only probe of a store: type postgresql | redis | clickhouse; ms of the last try; {ask, key, found: bool, "
        "rows, value, error, why, waited_ms, tries, before: bool, presumed: bool}; `value` is what was found, shortened, secrets "
        "replaced; why: no-dsn | dsn | library | unreachable | refused | timeout | lost | statement; before: it answered earlier in "
        "the session; presumed: key is Vigil's own guess, not the target file's; slow: our own loop was late"
    ),
    "engine": (
        "another engine of this session, as it tells of itself: type join {engine, where, users, text, pid, recording, shift: ns}; delta, "
        "every 250 ms: {at: ns, sums so far, samples: {series: [ms]}, late, tainted, joined, came, went, acts, proved}; witness: a row of "
        "its recording {seq, t, kind, user, conn, dir, type, text}; leak {source, observer, what, rows}; said {check, word, reason, "
        "to_decide, findings: [{severity, text, rows}]}; lost {why, users}; end: its last delta and {classified, names, canned, created, "
        "left}"
    ),
    # -- derived: what a judge made of it
    "run": "state of an agent run: {lamps, state: running|ok|wrong|unfinished, request, why, first_ms}; ms: send to the end",
    "cell": "isolation cell: {source, observer, probes, leaks, state: measuring|clean|leak|unproven}",
    "attempt": "{owner, actor, action, outcome: denied|allowed|unclear, status}",
    "sample": "type = series; ms; flag tainted; {ref: [seq, seq], limit_ms}",
    "level": (
        "a level of a load ramp, anew whenever it changes: type = climbing | holding | done | stopped; {number, of, users, sockets, runs, "
        "overlap, asked, completed, failed, throttled, late, first_p50_ms, first_p95_ms, run_p50_ms, run_p95_ms, ping_p95_ms, "
        "control_p95_ms, began: ns, ended: ns or null, knee: bool, why, control_run_p50_ms, lost: pings without an answer, "
        "errors: REST answers of 5xx, rate: completed runs a second, cpu_s, waited_s and stuck_ms of the client itself}"
    ),
    "block": (
        "a block of a soak, once it is over: type = measured | excluded; {number, of, began: ns, seconds, series: {name: {n, median, "
        "p95}}, rates: {name: per minute}, planned, unexpected, recovered_ms: [..], own: {rss_mb, fds, lag_ms}, rows: [first, last], why}; "
        "told again where later ends of sockets show earlier ones in another light"
    ),
    "drift": (
        "drift of one thing over a soak's blocks so far: type = the word; {what, unit, blocks, slope: per hour, low, high, "
        "detectable: per hour, limit: per hour, reason, rows: [..], own: bool}; null where nothing bounds it"
    ),
    "iteration": (
        "one time of a check that is driven several times: type = the word; ms; {number, of, began: ns, reason, signature, class: "
        "stable | flaky | broken | inconclusive, low, high, build, instance, cold: bool or null, guilty: the instances where it failed, "
        "first, last: its rows' numbers, evidence}; low and high bound the failure rate of all so far (Wilson, 95 %)"
    ),
    "finding": "flag = critical|major|minor|info; {text, evidence: [[engine, seq]]}",
    "verdict": "type = PASS|FAIL|INCONCLUSIVE|BLOCKED|SKIPPED; {reason, to_decide, accepted?}",
    "criterion": "type = the word; {id, title, limit, measured, n, reason}",
    "result": "{...}: the document `vigil run --json` prints, schema vigil.session/1",
}
