"""The DICOM port: associations, verification, storage."""
