"""What differs between model families: one file a family, with the functions that finetune/parts.py calls."""
