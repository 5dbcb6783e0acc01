"""A demonstration on sample vendors: a loopback server in their place, and our own documents for two rounds."""
