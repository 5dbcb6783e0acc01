"""
The read-only page: what was announced, where it officially stands, and how the sources are.

`page` turns stored rows into what a template shows (pure), `app` answers requests, `server` runs it in a thread.
"""
