"""Engines on the workers of a Dask cluster: how they are reached, started, heard and ended. What they tell is the fleet's affair."""
