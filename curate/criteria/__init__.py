"""One file a criterion: a question in SQL whose answers are verdicts with their reasons."""
