"""Nothing: that this file is there makes the folder a suite."""
