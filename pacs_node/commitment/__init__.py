"""Storage Commitment, push model (PS3.4 annex J), asked of us and asked by us, with the proof of each."""
