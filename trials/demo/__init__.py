"""The demo: it starts everything, files applications, and draws a picture of them on their way."""
