"""What every reader needs of a document: bytes as text, text as a tree or as values, and selectors into them."""
