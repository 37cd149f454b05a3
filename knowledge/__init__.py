"""What the agent can look up."""
