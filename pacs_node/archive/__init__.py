"""The archive: files on disk, the index of them, and how it is searched."""
