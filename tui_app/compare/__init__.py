"""Two recordings held against each other: verdicts, latency with an honest test, and what the platform says on the wire."""
