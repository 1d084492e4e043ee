"""Reading requests: what a clinic asks for before the images are there (読影依頼)."""
