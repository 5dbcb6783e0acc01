"""Decode bytes to text, parse text to trees or values, and apply selectors. All readers use this package."""
