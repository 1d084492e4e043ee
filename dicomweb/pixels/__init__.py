"""Frames of a stored picture: where they are, what they mean, decoding them."""
