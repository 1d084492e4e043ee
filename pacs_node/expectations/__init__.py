"""What a study is to consist of, as a gateway's manifest or a modality's MPPS says."""
