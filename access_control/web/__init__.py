"""How the rooms speak JSON over HTTP: operations, the caller, errors on the wire."""
