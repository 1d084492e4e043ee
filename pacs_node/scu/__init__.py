"""Storage SCU (PS3.4 annex B): sending stored instances and objects of our own to peers."""
