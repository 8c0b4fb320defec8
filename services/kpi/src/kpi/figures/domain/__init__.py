"""Pure rules of figures: what is known of a thing, what a metric is made of, and what a change adds and takes away."""
