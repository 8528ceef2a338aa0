"""The Matrix transport and the whole desk against a real Synapse."""
