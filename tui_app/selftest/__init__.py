"""The self-test: seeded faults against checks, healthy sessions against false alarms, recordings with gaps against wrong passes."""
