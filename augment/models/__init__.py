"""The models that can vary a picture, one file each: a docstring, `facts(...)`, `load(...)` and `vary(batch)`."""
