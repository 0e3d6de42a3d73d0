"""Teach a model: reads a folder of shards and a recipe, never the catalogue; writes one folder a run."""
