"""Segments without a database: what rules read, how they are judged, who is in at every instant, clusters found in data."""
