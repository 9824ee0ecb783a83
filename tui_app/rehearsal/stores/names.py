"""What the tiers' tables and keys are called: the contract with whoever looks into the stores from outside.

A stand-in has the same tables; the keys of Redis are rows of its table `entries`.
"""

from __future__ import annotations

USERS = """CREATE TABLE IF NOT EXISTS users (
    id TEXT PRIMARY KEY, email TEXT NOT NULL UNIQUE, name TEXT NOT NULL, password TEXT NOT NULL, created DOUBLE PRECISION NOT NULL)"""
THREADS = """CREATE TABLE IF NOT EXISTS threads (
    n {serial}, id TEXT NOT NULL UNIQUE, user_id TEXT NOT NULL, title TEXT NOT NULL, metadata TEXT NOT NULL,
    archived INTEGER NOT NULL DEFAULT 0, created DOUBLE PRECISION NOT NULL, updated DOUBLE PRECISION NOT NULL)"""
MESSAGES = """CREATE TABLE IF NOT EXISTS messages (
    n {serial}, id TEXT NOT NULL UNIQUE, thread_id TEXT NOT NULL, role TEXT NOT NULL, content TEXT NOT NULL, metadata TEXT NOT NULL,
    created DOUBLE PRECISION NOT NULL)"""
CHAT = """CREATE TABLE IF NOT EXISTS chat (
    n {serial}, id TEXT NOT NULL UNIQUE, user_id TEXT NOT NULL, thread_id TEXT NOT NULL, content TEXT NOT NULL,
    created DOUBLE PRECISION NOT NULL)"""
USAGE = """CREATE TABLE IF NOT EXISTS usage (
    user_id TEXT NOT NULL, month TEXT NOT NULL, model TEXT NOT NULL, team TEXT NOT NULL,
    requests INTEGER NOT NULL, tokens INTEGER NOT NULL, cost_cents INTEGER NOT NULL)"""
RELATIONAL = (
    USERS,
    THREADS,
    "CREATE INDEX IF NOT EXISTS threads_of_user ON threads (user_id, n)",
    MESSAGES,
    "CREATE INDEX IF NOT EXISTS messages_of_thread ON messages (thread_id, n)",
    CHAT,
    "CREATE INDEX IF NOT EXISTS chat_of_thread ON chat (thread_id, n)",
    USAGE,
    "CREATE INDEX IF NOT EXISTS usage_of_user ON usage (user_id, month)",
)
"""Epoch seconds in `created` and `updated`, JSON in `metadata`; `{serial}` is the engine's own word for a number that counts up."""

ENTRIES = "CREATE TABLE IF NOT EXISTS entries (key TEXT PRIMARY KEY, value TEXT NOT NULL, ends DOUBLE PRECISION NOT NULL)"
"""Keys and values of the stand-in for Redis; an entry whose `ends` (epoch seconds) is past is not there."""

RUN_EVENTS = """CREATE TABLE IF NOT EXISTS run_events (
    run_id TEXT PRIMARY KEY, user_id TEXT NOT NULL, thread_id TEXT NOT NULL, status TEXT NOT NULL,
    tools INTEGER NOT NULL, execution_time_ms DOUBLE PRECISION NOT NULL, ended DOUBLE PRECISION NOT NULL)"""
RUN_EVENTS_OF_USER = "CREATE INDEX IF NOT EXISTS run_events_of_user ON run_events (user_id, ended)"
RUN_EVENTS_ON_SERVER = """CREATE TABLE IF NOT EXISTS run_events (
    run_id String, user_id String, thread_id String, status String, tools Int32, execution_time_ms Float64, ended DateTime,
    ended_at Float64) ENGINE = MergeTree PARTITION BY tuple() ORDER BY (user_id, run_id)"""
"""`ended_at` has the fraction of the second that DateTime lacks."""


def session_key(access_jti: str) -> str:
    """A session, as JSON {user_id, refresh_jti}, until its refresh token ends."""
    return f"session:{access_jti}"


def revoked_key(jti: str) -> str:
    """There as long as a revoked token could be shown."""
    return f"revoked:{jti}"


def consumed_key(jti: str) -> str:
    """There for a refresh token that was used."""
    return f"consumed:{jti}"


def rate_key(what: str) -> str:
    """How often something happened in the current window of a minute."""
    return f"rate:{what}"
