"""[tiers]: where the stores behind a target can be looked into, read-only, and what things are called there.

    [tiers]
    postgres = "env:STAGING_PG_DSN"             # postgresql://user:password@host:5432/database
    redis = "env:STAGING_REDIS_URL"             # redis://[:password@]host:6379/0, rediss://
    clickhouse = "env:STAGING_CLICKHOUSE_URL"   # http[s]://user:password@host:8123/?database=name
    [tiers.where]                               # only where a platform differs from `tui_app.tiers.statements.WHERE`
    message = "SELECT role, body AS content FROM message WHERE thread = {thread}"
    thread = "SELECT owner AS user_id, title FROM thread WHERE id = {thread}"
    run = "SELECT id AS run_id, user AS user_id, state AS status FROM runs WHERE id = {run}"
    session = "sess:{jti}"

A statement is a single SELECT, a key is exact. Placeholders: {thread}, {run}, {user}, {message}, {jti}, {sid}, {marker}, {email}; in a
statement they are bound as values.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from tui_app.target.tables import EnvReference, Table
from tui_app.tiers.statements import checked_key, checked_select

Statement = Annotated[str, AfterValidator(checked_select)]
Key = Annotated[str, AfterValidator(checked_key)]


class WhereTable(Table):
    """[tiers.where]: statements for PostgreSQL and ClickHouse, keys for Redis.

    message -- PostgreSQL, the messages of {thread}: content, and role, thread_id where there are such
    thread -- PostgreSQL, a {thread}: user_id, and title
    foreign -- PostgreSQL, messages with {marker} in threads of {user}: any row is one too many
    run -- ClickHouse, a {run} that has ended: run_id, and user_id, thread_id, status
    session, revoked, rate -- Redis: the session of a token {jti}, its revocation, failed sign-ins of {email}
    """

    message: Statement | None = None
    thread: Statement | None = None
    foreign: Statement | None = None
    run: Statement | None = None
    session: Key | None = None
    revoked: Key | None = None
    rate: Key | None = None


class TiersTable(Table):
    """[tiers]: variables that hold a DSN, for read-only probes of the stores beside the API."""

    postgres: EnvReference | None = None
    redis: EnvReference | None = None
    clickhouse: EnvReference | None = None
    where: WhereTable | None = None

    @property
    def variables(self) -> dict[str, str]:
        """Key of the table -> name of the variable, for those that are given."""
        given = {"postgres": self.postgres, "redis": self.redis, "clickhouse": self.clickhouse}
        return {name: value.removeprefix("env:") for name, value in given.items() if value}
