"""Vigil: validates a live staging deployment of an agent-chat platform from the terminal."""

__version__ = "0.1.0"
