"""What runs behind: the broker, one actor a queue, the workers and their supervisor, the sweep, the deliveries."""
