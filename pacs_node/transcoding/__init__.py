"""Stored data sets in other transfer syntaxes, for peers that don't take them as they were stored (PS3.5 annex A)."""
