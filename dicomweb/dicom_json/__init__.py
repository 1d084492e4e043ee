"""DICOM JSON (PS3.18 annex F)."""
