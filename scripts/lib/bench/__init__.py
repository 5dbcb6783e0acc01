"""Measurements of whole processes over loopback TLS: the rounds of a poll, beside peers on the same work."""
