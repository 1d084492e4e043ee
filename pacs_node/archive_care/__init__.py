"""Keeping what was received: digests, verification, orphans, storage roots, the full disk."""
