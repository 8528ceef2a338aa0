"""`python -m helpbot` is `helpbot`."""

from helpbot.cli import main

main()
