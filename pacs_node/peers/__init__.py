"""DICOM peers: who may open an association, and for which site."""
