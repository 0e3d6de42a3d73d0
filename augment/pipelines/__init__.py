"""What the plug-ins of `augment/models` share: reading a model's folder, loading it, and running it in batches."""
