"""Reasons for a person to look, one file each: what raises it, and what an innocent explanation would be."""
