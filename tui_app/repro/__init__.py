"""Stand-alone scripts that show a recorded failure again without Vigil, or the reason why there is none."""
