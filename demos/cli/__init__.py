"""Commands over demonstration libraries."""
