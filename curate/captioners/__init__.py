"""Models that write captions, one file each; `curate/captioner.py` says what such a file has."""
