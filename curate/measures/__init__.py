"""One file a measure: what can be said of a picture in numbers, over one shared decode."""
