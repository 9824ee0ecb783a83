"""The three services: auth, backend and frontend."""
