"""The one door to the database: SQLite and PostgreSQL behind one small port, transactions and migrations."""
