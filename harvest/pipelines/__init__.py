"""One file a step in the life of a candidate from the web; their order stands in `harvest/settings.py`."""
