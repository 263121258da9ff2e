"""The console: the pages of the staff, for those who sign in, in Arabic, French and English."""
