"""Scheduled and performed procedures: Modality Worklist (PS3.4 annex K) and MPPS (PS3.4 annex F)."""
