"""What we know: the nouns, the tables, the spool, the store and the rights."""
