"""The pictures: each file paints one kind of examination from ellipsoids, tubes and shaped noise."""
