"""Published figures as data, for tables that print them beside ours."""
