"""What happens by itself after a deletion: dependents, namespaces, protection."""
