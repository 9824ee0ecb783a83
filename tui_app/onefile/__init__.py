"""One file of everything, for a machine without internet: `python -m tui_app.onefile`. Nothing of the product imports this."""
