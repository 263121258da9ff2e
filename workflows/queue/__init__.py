"""The queue, which is the table of cases: claims, batches, case failures, stalled workers, timers, holds, pauses."""
