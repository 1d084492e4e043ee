"""The hub's web application: rooms' operations and routes, put together."""
