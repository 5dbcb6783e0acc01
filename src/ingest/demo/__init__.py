"""The main job on recorded sample vendors: a loopback server in their place, and two rounds of documents of our own."""
