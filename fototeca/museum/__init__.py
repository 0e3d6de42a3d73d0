"""A small museum on loopback: what hangs in it, the server that shows it, and the model drawn for the demo."""
