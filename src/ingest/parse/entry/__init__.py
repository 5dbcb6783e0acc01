"""What readers share about entries: the dates of one, the items of a list, and lists in JSON."""
