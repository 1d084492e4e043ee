"""Japanese text: keys that find a name however it was written."""
