"""What whoever takes over has to know of a target: what is red and since when, what is open, and what to do, from recordings alone."""
