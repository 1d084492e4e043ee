"""STOW-RS (PS3.18 section 10.5): storing instances over HTTP."""
