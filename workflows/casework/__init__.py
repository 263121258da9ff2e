"""What people decide: citizens answer, caseworkers review, operators resume; and who of the staff acted."""
