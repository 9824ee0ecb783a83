"""A scripted session on the rehearsal that fails in an instructive way and recovers, with captions that are held to what they say."""
