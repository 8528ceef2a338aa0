"""Where everything is written down: the only place with SQL, the only place that commits."""
