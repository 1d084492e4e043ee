"""Who the patient is: identity, questions for a human, decisions, merging."""
