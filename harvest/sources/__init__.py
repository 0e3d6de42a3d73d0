"""One file a source: class attributes, `start`, and a pure `parse`."""
