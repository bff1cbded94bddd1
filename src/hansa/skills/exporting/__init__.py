"""Skills written for others than Hansa: Agent Skills (agentskills.io), with a file that leads back to the trace."""
