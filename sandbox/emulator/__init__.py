"""What both emulated clouds have behind their control endpoint: a log of calls and planted faults."""
