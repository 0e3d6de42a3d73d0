"""The commands: each parses, calls one function of a room, and prints."""
