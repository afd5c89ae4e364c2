"""Declarations become one frozen Plan: shapes, tables, operations, OpenAPI, access matrix. Pure: no I/O."""
