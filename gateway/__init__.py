"""The edge: connections in, sessions, people."""
