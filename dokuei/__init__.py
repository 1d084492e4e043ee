"""The composition root: command line, web application, processes, wiring, migrations."""

__version__ = "0.1.0"
