"""What teaches: one file an objective, with `loss(parts, batch, generator) -> (loss, logs)`; see finetune/objective.py."""
