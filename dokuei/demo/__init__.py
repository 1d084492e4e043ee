"""The demo: a fictional region that shows the whole way from the scanner to 対応済."""
