"""The forms of one signed version: for paper, for programs."""
