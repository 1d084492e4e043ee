"""A soak: an hour's worth of mixed traffic in minutes, and then the question whether anything was lost or grew.

`python -m benchmarks.soak --minutes 10` plays it. Scanners of several clinics send studies of mixed sizes on both of
the hub's lanes and by dcmtk, send again, send what must be refused, break off, and leave connections half open;
workstations search, have series moved and read over DICOMweb. What each does follows from the seed.
"""
