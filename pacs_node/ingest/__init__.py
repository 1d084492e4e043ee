"""From a received file to a durable, indexed instance."""
