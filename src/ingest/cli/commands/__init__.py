"""The commands, one module per subject. None imports another."""
