"""Who may do what: sites, people, sessions, contracts, and the one decision function."""
