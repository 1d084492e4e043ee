"""What all three services share of HTTP: accepting, caching, multipart bodies."""
