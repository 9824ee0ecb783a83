"""The way out when something failed: its class, the strategy's steps for it, and the operator's own commands for each."""
