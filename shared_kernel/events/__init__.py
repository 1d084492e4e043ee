"""Events: past-tense facts, written with the change they tell of (transactional outbox), delivered at least once."""
