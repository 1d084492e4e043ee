"""DICOM JSON of whole series, made before anybody asks for it and kept compressed."""
