"""Which model's numbers count: of several versions in the catalogue the one whose vectors are the newest of their kind."""

MODELS_IN_USE = "SELECT kind, arg_max(version, run_id) AS version FROM embeddings GROUP BY kind"
"""kind and version, a row for each kind of vector that was ever made; empty without any model. Numbers of other versions
are not comparable with these, so criteria read no others."""
