"""The agent: reads a prompt, plans, uses tools, and answers with what they found."""

from tui_app.rehearsal.agent.base import Step
from tui_app.rehearsal.agent.core import Agent

__all__ = ["Agent", "Step"]
