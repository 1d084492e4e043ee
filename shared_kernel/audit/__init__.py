"""The audit trail (監査証跡): who did or was refused what, to whose study, when; chained so that a gap shows."""
