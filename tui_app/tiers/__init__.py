"""Direct, read-only looks into the stores behind a target, one file a store. Every error is a `TierError` without secrets."""
