"""What an operator needs to write the allow-list: sources found for an address, and a preview of one. No poll loads it."""
