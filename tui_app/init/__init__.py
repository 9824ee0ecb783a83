"""What `vigil init` does: asks, proposes, and writes a target file in which every setting stands with what it means."""
