"""What we think of it: measures, copies, verdicts, splits."""
