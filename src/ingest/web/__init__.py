"""
The read-only page: the announcements with their official addresses, and the state of the sources.

`page` is pure and turns stored rows into the values of a template. `app` answers requests. `server` runs it in a thread.
"""
