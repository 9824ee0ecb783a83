"""The three tiers: three separate SQLite files, each breakable alone, standing in for postgresql, redis and clickhouse."""
