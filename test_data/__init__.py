"""Synthetic DICOM studies of fictional people, reproducible to the byte. See README.md in this folder."""
