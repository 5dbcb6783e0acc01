"""Code that readers share: the dates of an entry, the items of a list, and lists in JSON."""
