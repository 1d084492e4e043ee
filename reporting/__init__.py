"""Reports: drafted, signed for good, delivered to the clinic, acknowledged and acted on."""
