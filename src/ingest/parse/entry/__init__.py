"""What all readers share about entries: the fields of one, and the items of a list merged into entries."""
