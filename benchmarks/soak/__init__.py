"""A soak: an hour's worth of mixed traffic in minutes, and then the question whether anything was lost or grew.

`python -m benchmarks.soak --minutes 10` plays it. Scanners of several clinics send studies of mixed sizes on both of
the hub's lanes and by dcmtk, send again, send what must be refused, break off, and leave connections half open;
workstations search, have series moved, get studies and read over DICOMweb. Others do planned work: they ask for their
worklist, say by MPPS what they begin and end, and let storage commitment prove that the images are kept. What each does
follows from the seed.
"""
