"""The objects: each file fills the modules that one kind of image adds to the common header."""
