"""What `vigil web` does: the same application in a browser, for its owner alone, watching only unless asked for more."""
