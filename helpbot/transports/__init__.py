"""The networks that people write on, behind one port."""
