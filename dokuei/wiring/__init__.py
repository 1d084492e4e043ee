"""Where rooms that must not know each other are joined: ports are answered, events are passed on."""
