"""What `vigil doctor` looks at: one file per family of findings, each with the fix beside what it found, and where settings come from."""
