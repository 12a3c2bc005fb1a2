"""What the gateway knows of the desk: pure folds over the log and over ticks."""
