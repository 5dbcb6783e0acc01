"""Help for operators who write the allow-list: the sources of an address, and a preview of each. No poll loads it."""
