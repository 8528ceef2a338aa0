"""helpbot: a self-hosted help desk for chat rooms."""

import os

__version__ = "0.1.0"

# Two threads add in another order than one: with one, a FAQ learns the same coefficients wherever it is prepared.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
