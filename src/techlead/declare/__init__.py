"""What a person or an AI writes: backend, resource, field, access, rule, action, notification."""
