"""The DICOM node: associations, ingest, archive (files + index)."""
