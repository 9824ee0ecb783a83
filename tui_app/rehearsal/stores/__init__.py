"""The three tiers, each breakable alone. `relational`, `cache` and `analytics` say what is kept; where it is kept is an engine:
a SQLite file that stands in (`tier`, `sqlite`), or a server (`postgres`, `redis_server`, `clickhouse`)."""
