"""Who asks, and what they may do: authentication, impersonation, RBAC and reviews."""
