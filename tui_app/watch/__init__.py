"""Watching a target for hours: polls, timelines with transitions and uptime, rotating files, alerts. It tells, and repairs nothing."""
