"""What every room stands on: errors, plug-ins, settings, seeds, faults, files. Standard library only."""
