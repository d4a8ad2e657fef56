"""What can be multiplied: formats, ceilings and other people's libraries; and the check of every product."""
