"""One access rule a file; `decision.decide` is the only caller."""
