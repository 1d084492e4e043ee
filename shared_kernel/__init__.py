"""What every room stands on: settings, database, events, audit, clock, errors. Imports none of ours."""
