"""Evidence in one file: a recording, its reports and a manifest of digests in a chain, so that a later edit shows.

A bundle is a ZIP archive whose comment is the SHA-256 of every byte before it: nothing in it, not even a time stamp of the archive,
changes unseen. Whoever can write the file can of course make a new bundle: the digest that `vigil bundle` prints is what to keep
elsewhere, or to send beside it.
"""
