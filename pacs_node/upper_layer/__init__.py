"""The DICOM upper layer (PS3.8) and message exchange (PS3.7) over blocking sockets; knows nothing of the hub."""
