"""What helpbot costs."""
