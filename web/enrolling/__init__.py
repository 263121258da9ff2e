"""The enrolment of a person, as people ask for it on the pages: its questions, its last look, its receipt."""
