"""The database's history; `upgrade` brings any older one to today's shape."""
