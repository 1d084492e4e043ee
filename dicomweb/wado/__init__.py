"""WADO-RS (PS3.18 section 10.4): instances, metadata, frames, renditions and bulk data."""
