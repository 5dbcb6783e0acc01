"""Helpers for every kind of test: databases, documents, a vendor to poll, raw SQL, and the run itself."""
