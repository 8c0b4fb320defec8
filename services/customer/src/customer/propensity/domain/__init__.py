"""The engine of propensity, pure: rows to features, forests as plain arrays, measures with their intervals."""
