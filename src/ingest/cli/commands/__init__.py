"""The commands, one module per subject. No command imports another."""
