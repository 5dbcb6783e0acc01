"""
The read-only page: the announcements with their official addresses, and the state of the sources.

`page` turns stored rows into the values of a template and is pure. `app` answers requests. `server` runs it in a thread.
"""
