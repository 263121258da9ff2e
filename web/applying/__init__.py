"""The application that a household fills in on its phone: its questions, its draft, and its pages."""
