"""What makes matrices: networks, and how they are pruned, shared and nested."""
