"""What changes rows: create, update, delete and actions, each inside one transaction with its history and messages."""
