"""The format we hand over: names, a deterministic writer, a reader with splits and α, and verification."""
