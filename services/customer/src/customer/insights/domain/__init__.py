"""The engines of insight, pure: forecasts with intervals and back-tests, suppression of small cells, quality of data."""
