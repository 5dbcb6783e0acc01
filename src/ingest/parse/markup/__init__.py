"""Bytes as text, text as a tree or as values, and selectors into them. All readers build on it."""
