"""QIDO-RS (PS3.18 section 10.6): searching studies, series and instances."""
