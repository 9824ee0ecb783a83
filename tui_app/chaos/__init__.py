"""A TCP fault proxy between a client and its target: bytes pass untouched (TLS too), until a toxic is put on the line."""
