"""Reusable Textual widgets: plain data in, cells out; they know nothing of Vigil."""
