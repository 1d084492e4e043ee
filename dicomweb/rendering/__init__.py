"""From decoded samples to a picture that a browser shows (PS3.18 section 8.3.5)."""
