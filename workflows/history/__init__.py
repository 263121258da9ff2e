"""What is kept for auditors: anchors, verification, replay; and what must go: erasure by law and retention."""
