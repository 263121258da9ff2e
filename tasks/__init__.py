"""Background processes: broker, an actor for each queue, workers, supervisor, sweep, deliveries, daily jobs."""
