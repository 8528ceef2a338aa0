"""helpbot: a self-hosted help desk for chat rooms."""

__version__ = "0.1.0"
