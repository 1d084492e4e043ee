"""Our own benchmarks: the hub beside Orthanc, both as child processes, by the same senders and the same bytes.

`python -m benchmarks` measures, `python -m benchmarks.soak` plays mixed traffic and looks for what got lost or grew.
Nothing here imports the hub: it is started and asked as an operator and a modality would.
"""
